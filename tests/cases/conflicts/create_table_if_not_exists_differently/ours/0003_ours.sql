-- migrate:up
CREATE TABLE IF NOT EXISTS votes (id int);
-- migrate:down
