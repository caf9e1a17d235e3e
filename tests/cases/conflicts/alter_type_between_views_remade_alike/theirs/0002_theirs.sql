-- migrate:up
DROP VIEW recent;
ALTER TABLE comments ALTER post_id TYPE bigint;
CREATE VIEW recent AS SELECT id, post_id FROM comments;
-- migrate:down
