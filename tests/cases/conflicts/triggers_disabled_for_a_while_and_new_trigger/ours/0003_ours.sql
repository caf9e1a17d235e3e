-- migrate:up
ALTER TABLE notes DISABLE TRIGGER ALL;
ALTER TABLE notes ENABLE TRIGGER ALL;
-- migrate:down
