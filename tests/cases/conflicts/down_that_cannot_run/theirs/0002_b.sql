-- migrate:up
CREATE TABLE b (id int);
-- migrate:down
DROP TABEL b;
