-- migrate:up
ALTER TABLE posts DROP COLUMN title;
-- migrate:down
