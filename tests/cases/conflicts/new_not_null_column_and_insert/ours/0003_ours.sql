-- migrate:up
ALTER TABLE comments ADD COLUMN score int NOT NULL;
-- migrate:down
