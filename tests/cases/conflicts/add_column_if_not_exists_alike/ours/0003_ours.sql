-- migrate:up
ALTER TABLE comments ADD COLUMN IF NOT EXISTS score int;
CREATE TABLE a (id int);
-- migrate:down
