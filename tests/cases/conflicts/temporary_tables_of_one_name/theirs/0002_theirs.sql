-- migrate:up
CREATE TEMP TABLE work AS SELECT id FROM posts;
DROP TABLE work;
-- migrate:down
