-- migrate:up
DROP COLLATION dd;
-- migrate:down
