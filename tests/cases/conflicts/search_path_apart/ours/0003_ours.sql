-- migrate:up
SET search_path = a;
CREATE TABLE t (id int);
-- migrate:down
