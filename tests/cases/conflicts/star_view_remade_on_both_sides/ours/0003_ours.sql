-- migrate:up
ALTER TABLE posts ADD COLUMN body text;
DROP VIEW recent;
CREATE VIEW recent AS SELECT * FROM comments;
-- migrate:down
