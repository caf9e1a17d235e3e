-- migrate:up
DROP VIEW recent;
CREATE VIEW recent AS SELECT id, post_id FROM comments;
-- migrate:down
