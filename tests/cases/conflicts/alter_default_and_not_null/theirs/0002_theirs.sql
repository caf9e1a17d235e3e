-- migrate:up
ALTER TABLE comments ALTER author SET NOT NULL;
-- migrate:down
