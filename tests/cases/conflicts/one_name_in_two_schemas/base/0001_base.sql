-- migrate:up
CREATE SCHEMA a;
CREATE SCHEMA b;
-- migrate:down
