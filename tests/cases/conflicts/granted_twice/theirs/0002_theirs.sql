-- migrate:up
GRANT INSERT ON comments TO PUBLIC;
-- migrate:down
