-- migrate:up
DROP TYPE mood;
-- migrate:down
