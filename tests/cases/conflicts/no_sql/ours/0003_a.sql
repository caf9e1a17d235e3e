-- migrate:up
CREATE TABEL a (id int);
-- migrate:down
