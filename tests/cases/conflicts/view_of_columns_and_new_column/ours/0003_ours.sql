-- migrate:up
CREATE VIEW recent AS SELECT id, contents FROM comments;
-- migrate:down
