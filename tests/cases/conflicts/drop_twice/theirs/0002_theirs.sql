-- migrate:up
DROP TABLE posts;
CREATE TABLE a (id int);
-- migrate:down
