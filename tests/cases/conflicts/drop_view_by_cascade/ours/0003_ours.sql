-- migrate:up
ALTER TABLE comments DROP COLUMN contents CASCADE;
-- migrate:down
