-- migrate:up
ALTER TABLE comments ADD COLUMN score int NOT NULL DEFAULT 0;
-- migrate:down
