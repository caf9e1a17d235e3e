-- migrate:up
DROP VIEW recent;
CREATE VIEW recent AS SELECT * FROM comments;
ALTER TABLE comments ADD COLUMN score int;
-- migrate:down
