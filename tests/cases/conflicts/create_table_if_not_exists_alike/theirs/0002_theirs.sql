-- migrate:up
CREATE TABLE IF NOT EXISTS votes (id int);
CREATE TABLE likes (id int);
-- migrate:down
