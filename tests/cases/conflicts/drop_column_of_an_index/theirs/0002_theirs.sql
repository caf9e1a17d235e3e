-- migrate:up
CREATE INDEX by_contents ON comments (contents);
-- migrate:down
