-- migrate:up
ALTER TABLE notes RENAME x TO z;
-- migrate:down
