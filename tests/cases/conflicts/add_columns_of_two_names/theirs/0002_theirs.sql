-- migrate:up
ALTER TABLE comments ADD COLUMN lang text;
-- migrate:down
