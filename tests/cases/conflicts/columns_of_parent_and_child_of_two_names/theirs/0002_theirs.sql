-- migrate:up
ALTER TABLE k ADD COLUMN z text;
-- migrate:down
