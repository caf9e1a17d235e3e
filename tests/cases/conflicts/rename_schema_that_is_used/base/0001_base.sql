-- migrate:up
CREATE SCHEMA app;
-- migrate:down
