-- migrate:up
CREATE TABLE p (id int);
CREATE TABLE k (extra int) INHERITS (p);
-- migrate:down
