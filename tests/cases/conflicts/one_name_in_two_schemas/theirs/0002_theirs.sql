-- migrate:up
CREATE TABLE b.t (id int);
-- migrate:down
