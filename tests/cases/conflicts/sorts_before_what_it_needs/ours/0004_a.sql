-- migrate:up
ALTER TABLE likes ADD COLUMN b int;
-- migrate:down
