-- migrate:up
ALTER TABLE notes ADD COLUMN now mood DEFAULT 'sad';
-- migrate:down
