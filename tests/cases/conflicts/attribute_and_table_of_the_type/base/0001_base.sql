-- migrate:up
CREATE TYPE pair AS (x int, y int);
-- migrate:down
