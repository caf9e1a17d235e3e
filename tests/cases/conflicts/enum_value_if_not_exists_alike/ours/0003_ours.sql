-- migrate:up
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'great';
-- migrate:down
