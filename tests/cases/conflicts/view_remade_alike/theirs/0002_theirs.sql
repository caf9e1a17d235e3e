-- migrate:up
DROP VIEW IF EXISTS recent;
CREATE VIEW recent AS SELECT id, author FROM comments;
-- migrate:down
