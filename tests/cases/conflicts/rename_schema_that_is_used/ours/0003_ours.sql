-- migrate:up
ALTER SCHEMA app RENAME TO web;
-- migrate:down
