-- migrate:up
CREATE TABLE p (id int, name text) PARTITION BY RANGE (name);
-- migrate:down
