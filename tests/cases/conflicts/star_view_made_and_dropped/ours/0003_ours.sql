-- migrate:up
CREATE VIEW recent AS SELECT * FROM comments;
DROP VIEW recent;
-- migrate:down
