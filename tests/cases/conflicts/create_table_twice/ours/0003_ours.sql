-- migrate:up
CREATE TABLE votes (id int);
-- migrate:down
