-- migrate:up
ALTER TABLE notes DROP COLUMN x;
-- migrate:down
