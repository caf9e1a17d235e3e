-- migrate:up
ALTER TABLE notes ADD COLUMN now mood DEFAULT 'glad';
-- migrate:down
