-- migrate:up
SELECT f(1);
-- migrate:down
