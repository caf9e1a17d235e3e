-- migrate:up
CREATE TABLE archive AS SELECT * FROM comments;
-- migrate:down
