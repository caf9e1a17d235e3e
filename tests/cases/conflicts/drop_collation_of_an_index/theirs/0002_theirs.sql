-- migrate:up
DROP COLLATION cc;
-- migrate:down
