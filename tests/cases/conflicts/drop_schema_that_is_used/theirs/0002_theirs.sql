-- migrate:up
ALTER TABLE app.a ADD COLUMN b int;
-- migrate:down
