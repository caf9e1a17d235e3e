-- migrate:up
DROP SCHEMA app CASCADE;
-- migrate:down
