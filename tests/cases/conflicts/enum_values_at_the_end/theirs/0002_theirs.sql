-- migrate:up
ALTER TYPE mood ADD VALUE 'superb';
-- migrate:down
