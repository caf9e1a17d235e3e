-- migrate:up
ALTER TYPE mood ADD VALUE 'bad' BEFORE 'sad';
-- migrate:down
