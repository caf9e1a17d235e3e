-- migrate:up
ALTER TABLE notes DROP COLUMN y;
-- migrate:down
