-- migrate:up
CREATE VIEW recent AS SELECT id FROM comments;
-- migrate:down
