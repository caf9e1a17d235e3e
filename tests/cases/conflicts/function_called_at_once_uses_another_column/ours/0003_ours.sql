-- migrate:up
ALTER TABLE comments DROP COLUMN author;
-- migrate:down
