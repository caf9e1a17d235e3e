-- migrate:up
ALTER TABLE comments ADD COLUMN mood mood;
-- migrate:down
