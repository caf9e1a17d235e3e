-- migrate:up
ALTER TABLE IF EXISTS comments ALTER contents SET DEFAULT '';
-- migrate:down
