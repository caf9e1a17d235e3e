-- migrate:up
DROP TABLE posts;
-- migrate:down
