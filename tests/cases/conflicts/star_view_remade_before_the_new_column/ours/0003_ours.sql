-- migrate:up
DROP VIEW recent;
CREATE VIEW recent AS SELECT * FROM comments;
-- migrate:down
