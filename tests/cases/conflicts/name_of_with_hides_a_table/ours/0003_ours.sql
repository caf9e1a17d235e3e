-- migrate:up
CREATE VIEW recent AS WITH posts AS (SELECT id FROM comments) SELECT id FROM posts;
-- migrate:down
