-- migrate:up
ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
CREATE TABLE a (id int);
-- migrate:down
