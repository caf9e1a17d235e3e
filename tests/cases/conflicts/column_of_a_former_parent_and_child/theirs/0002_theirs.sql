-- migrate:up
ALTER TABLE k ADD COLUMN y text;
-- migrate:down
