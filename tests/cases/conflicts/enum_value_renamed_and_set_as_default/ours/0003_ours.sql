-- migrate:up
ALTER TABLE notes ALTER mood SET DEFAULT 'sad';
-- migrate:down
