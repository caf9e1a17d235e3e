-- migrate:up
CREATE TABLE notes (x int, y int);
CREATE TABLE tags (x int);
-- migrate:down
