-- migrate:up
CREATE INDEX ON comments (post_id) WHERE post_id > 0;
-- migrate:down
