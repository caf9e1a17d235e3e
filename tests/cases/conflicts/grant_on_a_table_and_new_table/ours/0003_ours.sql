-- migrate:up
GRANT SELECT ON comments TO PUBLIC;
-- migrate:down
