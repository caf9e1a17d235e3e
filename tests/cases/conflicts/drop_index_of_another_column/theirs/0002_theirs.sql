-- migrate:up
DROP INDEX by_author;
-- migrate:down
