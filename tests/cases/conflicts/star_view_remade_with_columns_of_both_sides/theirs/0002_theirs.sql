-- migrate:up
ALTER TABLE comments ADD COLUMN score int;
DROP VIEW recent;
CREATE VIEW recent AS SELECT * FROM comments;
-- migrate:down
