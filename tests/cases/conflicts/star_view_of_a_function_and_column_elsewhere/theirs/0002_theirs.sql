-- migrate:up
ALTER TABLE tags ADD COLUMN score int;
-- migrate:down
