-- migrate:up
ALTER TABLE comments ALTER contents SET DEFAULT '';
-- migrate:down
