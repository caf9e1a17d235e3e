-- migrate:up
DO $$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relname = 'posts' LOOP EXECUTE 'ALTER TABLE ' || t || ' ADD COLUMN x int'; END LOOP; END $$;
-- migrate:down
