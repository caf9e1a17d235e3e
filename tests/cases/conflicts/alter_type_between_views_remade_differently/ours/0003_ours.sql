-- migrate:up
DROP VIEW recent;
CREATE VIEW recent AS SELECT post_id FROM comments;
-- migrate:down
