-- migrate:up
CREATE TABLE a (id int);
-- migrate:down
BEGIN;
DROP TABLE a;
COMMIT;
