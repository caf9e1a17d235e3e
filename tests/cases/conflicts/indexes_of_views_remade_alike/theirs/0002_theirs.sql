-- migrate:up
ALTER TABLE posts ADD COLUMN body text;
DROP MATERIALIZED VIEW recent;
CREATE MATERIALIZED VIEW recent AS SELECT id FROM comments;
CREATE UNIQUE INDEX recent_id ON recent (id);
-- migrate:down
