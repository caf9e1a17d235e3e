-- migrate:up
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
-- migrate:down
