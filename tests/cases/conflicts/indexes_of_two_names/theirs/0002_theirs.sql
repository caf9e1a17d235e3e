-- migrate:up
CREATE INDEX by_author ON comments (author);
-- migrate:down
