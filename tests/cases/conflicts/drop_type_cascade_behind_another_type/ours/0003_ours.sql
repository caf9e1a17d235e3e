-- migrate:up
ALTER TABLE comments ALTER mood TYPE text;
DROP TYPE mood CASCADE;
-- migrate:down
