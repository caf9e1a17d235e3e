-- migrate:up
ALTER TABLE comments ALTER post_id SET DEFAULT 7;
-- migrate:down
