-- migrate:up
ALTER TABLE comments RENAME contents TO body;
DROP VIEW recent;
CREATE VIEW recent AS SELECT * FROM comments;
-- migrate:down
