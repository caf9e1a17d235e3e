-- migrate:up
ALTER TABLE notes ADD COLUMN score int;
-- migrate:down
