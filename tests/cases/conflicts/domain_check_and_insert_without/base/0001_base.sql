-- migrate:up
CREATE DOMAIN small AS int;
CREATE TABLE notes (id int, size small);
-- migrate:down
