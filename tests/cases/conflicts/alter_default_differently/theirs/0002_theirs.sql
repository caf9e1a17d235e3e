-- migrate:up
ALTER TABLE comments ALTER author SET DEFAULT 'you';
-- migrate:down
