-- migrate:up
CREATE SCHEMA a;
-- migrate:down
