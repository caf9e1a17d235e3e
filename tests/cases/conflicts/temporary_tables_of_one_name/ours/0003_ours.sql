-- migrate:up
CREATE TEMP TABLE work AS SELECT id FROM comments;
DROP TABLE work;
-- migrate:down
