-- migrate:up
CREATE TABLE notes (x int, y int);
CREATE TABLE tags (x int);
CREATE TYPE pair AS (x int, y int);
ALTER TYPE pair ADD ATTRIBUTE z int;
-- migrate:down
