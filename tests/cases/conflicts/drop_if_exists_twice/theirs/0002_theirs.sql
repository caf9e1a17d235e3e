-- migrate:up
DROP TABLE IF EXISTS posts;
CREATE TABLE a (id int);
-- migrate:down
