-- migrate:up
ALTER TABLE comments ADD CONSTRAINT one_each UNIQUE (post_id);
-- migrate:down
