-- migrate:up
CREATE TABLE q (id int);
CREATE TABLE k (extra int) INHERITS (q);
ALTER TABLE q RENAME TO p;
-- migrate:down
