-- migrate:up
ALTER TABLE k ADD COLUMN y int;
-- migrate:down
