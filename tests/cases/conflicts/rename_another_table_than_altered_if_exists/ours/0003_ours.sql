-- migrate:up
ALTER TABLE posts RENAME TO texts;
-- migrate:down
