-- migrate:up
DROP INDEX by_contents;
-- migrate:down
