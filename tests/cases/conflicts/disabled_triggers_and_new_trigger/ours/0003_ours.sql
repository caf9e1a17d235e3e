-- migrate:up
ALTER TABLE notes DISABLE TRIGGER ALL;
-- migrate:down
