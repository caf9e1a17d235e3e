-- migrate:up
CREATE INDEX ON comments (post_id);
-- migrate:down
