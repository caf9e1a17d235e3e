-- migrate:up
DROP TYPE mood CASCADE;
-- migrate:down
