-- migrate:up
CREATE TABLE p (id int, name text) PARTITION BY LIST (name);
-- migrate:down
