-- migrate:up
CREATE TABLE n (id int);
DROP TABLE t;
ALTER TABLE n RENAME TO t;
-- migrate:down
