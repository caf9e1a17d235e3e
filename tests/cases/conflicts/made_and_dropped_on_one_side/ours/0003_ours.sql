-- migrate:up
CREATE TABLE draft (id int);
ALTER TABLE draft ADD COLUMN b int;
DROP TABLE draft;
-- migrate:down
