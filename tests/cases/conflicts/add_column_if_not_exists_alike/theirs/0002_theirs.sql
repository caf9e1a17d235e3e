-- migrate:up
ALTER TABLE comments ADD COLUMN IF NOT EXISTS score int;
-- migrate:down
