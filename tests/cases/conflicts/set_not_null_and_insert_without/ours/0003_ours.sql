-- migrate:up
ALTER TABLE comments ALTER contents SET NOT NULL;
-- migrate:down
