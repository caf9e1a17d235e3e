-- migrate:up
CREATE TABLE n (id int);
ALTER TABLE n ADD COLUMN b int;
DROP TABLE t;
ALTER TABLE n RENAME TO t;
-- migrate:down
