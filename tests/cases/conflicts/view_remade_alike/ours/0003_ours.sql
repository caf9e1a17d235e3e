-- migrate:up
DROP VIEW recent;
CREATE VIEW recent AS SELECT id, author FROM comments;
-- migrate:down
