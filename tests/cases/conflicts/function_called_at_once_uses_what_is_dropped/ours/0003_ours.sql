-- migrate:up
ALTER TABLE comments DROP COLUMN contents;
-- migrate:down
