-- migrate:up
CREATE INDEX by_post ON comments (author);
-- migrate:down
