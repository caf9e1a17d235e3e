-- migrate:up
CREATE VIEW recent AS SELECT c.author FROM comments c;
-- migrate:down
