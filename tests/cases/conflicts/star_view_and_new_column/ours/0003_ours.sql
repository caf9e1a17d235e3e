-- migrate:up
CREATE VIEW recent AS SELECT * FROM comments;
-- migrate:down
