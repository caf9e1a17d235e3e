-- migrate:up
CREATE VIEW recent AS SELECT contents FROM comments;
-- migrate:down
