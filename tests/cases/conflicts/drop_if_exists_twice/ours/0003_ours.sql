-- migrate:up
DROP TABLE IF EXISTS posts;
-- migrate:down
