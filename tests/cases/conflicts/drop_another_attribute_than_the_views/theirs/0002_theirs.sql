-- migrate:up
ALTER TYPE pair DROP ATTRIBUTE y;
-- migrate:down
