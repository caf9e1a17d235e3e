-- migrate:up
ALTER TYPE mood ADD VALUE 'great';
-- migrate:down
