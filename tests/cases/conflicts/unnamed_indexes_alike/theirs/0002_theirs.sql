-- migrate:up
CREATE INDEX ON comments (post_id);
CREATE TABLE a (id int);
-- migrate:down
