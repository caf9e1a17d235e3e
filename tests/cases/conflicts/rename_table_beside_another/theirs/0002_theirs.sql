-- migrate:up
ALTER TABLE posts ADD COLUMN score int;
-- migrate:down
