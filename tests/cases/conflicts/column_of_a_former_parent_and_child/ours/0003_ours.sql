-- migrate:up
ALTER TABLE p ADD COLUMN y int;
-- migrate:down
