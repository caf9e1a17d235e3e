-- migrate:up
ALTER TABLE comments DROP COLUMN post_id;
-- migrate:down
