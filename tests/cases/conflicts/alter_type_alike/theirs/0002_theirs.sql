-- migrate:up
ALTER TABLE comments ALTER post_id TYPE bigint;
CREATE TABLE a (id int);
-- migrate:down
