-- migrate:up
CREATE INDEX by_post ON comments (post_id);
-- migrate:down
