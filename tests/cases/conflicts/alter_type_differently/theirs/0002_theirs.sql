-- migrate:up
ALTER TABLE comments ALTER post_id TYPE numeric;
-- migrate:down
