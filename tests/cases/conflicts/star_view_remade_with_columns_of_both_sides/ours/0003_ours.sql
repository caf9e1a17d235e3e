-- migrate:up
ALTER TABLE comments ADD COLUMN body text;
DROP VIEW recent;
CREATE VIEW recent AS SELECT * FROM comments;
-- migrate:down
