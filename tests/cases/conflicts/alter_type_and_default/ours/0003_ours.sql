-- migrate:up
ALTER TABLE comments ALTER post_id TYPE text;
-- migrate:down
