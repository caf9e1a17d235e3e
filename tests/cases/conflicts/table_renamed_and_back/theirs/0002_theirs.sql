-- migrate:up
ALTER TABLE comments ADD COLUMN score int;
-- migrate:down
