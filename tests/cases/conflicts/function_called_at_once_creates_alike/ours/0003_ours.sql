-- migrate:up
CREATE TABLE likes (id int);
-- migrate:down
