-- migrate:up
ALTER TABLE posts DROP CONSTRAINT posts_slug;
-- migrate:down
