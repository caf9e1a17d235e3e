-- migrate:up
ALTER TABLE comments ALTER author SET DEFAULT 'me';
-- migrate:down
