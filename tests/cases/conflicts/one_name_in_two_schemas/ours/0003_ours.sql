-- migrate:up
CREATE TABLE a.t (id int);
-- migrate:down
