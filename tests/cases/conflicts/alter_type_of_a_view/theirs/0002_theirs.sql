-- migrate:up
CREATE VIEW recent AS SELECT post_id FROM comments;
-- migrate:down
