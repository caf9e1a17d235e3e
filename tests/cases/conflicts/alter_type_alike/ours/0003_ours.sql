-- migrate:up
ALTER TABLE comments ALTER post_id TYPE bigint;
-- migrate:down
