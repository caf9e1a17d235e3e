-- migrate:up
CREATE TABLE tags (id int NOT NULL, name text NOT NULL);
-- migrate:down
