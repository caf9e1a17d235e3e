-- migrate:up
ALTER TABLE comments RENAME COLUMN contents TO text;
-- migrate:down
