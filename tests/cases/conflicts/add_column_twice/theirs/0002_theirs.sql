-- migrate:up
ALTER TABLE comments ADD COLUMN score bigint;
-- migrate:down
