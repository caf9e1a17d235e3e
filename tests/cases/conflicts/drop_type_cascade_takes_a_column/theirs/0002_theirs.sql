-- migrate:up
CREATE INDEX by_mood ON comments (mood);
-- migrate:down
