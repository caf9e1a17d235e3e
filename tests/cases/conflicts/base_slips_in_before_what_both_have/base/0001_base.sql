-- migrate:up
CREATE TABLE t (id int PRIMARY KEY, tag_set_array text[]);
-- migrate:down
DROP TABLE t;
