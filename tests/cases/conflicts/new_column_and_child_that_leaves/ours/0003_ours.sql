-- migrate:up
ALTER TABLE k NO INHERIT p;
-- migrate:down
