-- migrate:up
ALTER TYPE mood ADD VALUE 'great' BEFORE 'sad';
-- migrate:down
