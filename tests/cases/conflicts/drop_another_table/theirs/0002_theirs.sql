-- migrate:up
ALTER TABLE comments ADD CONSTRAINT positive CHECK (post_id > 0);
-- migrate:down
