-- migrate:up
DO $$ BEGIN EXECUTE 'ALTER TABLE comments DROP COLUMN contents'; END $$;
-- migrate:down
