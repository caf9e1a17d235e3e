-- migrate:up
CREATE TABLE notes (id int, body text);
CREATE COLLATION cc (locale = 'C');
CREATE COLLATION dd (locale = 'C');
-- migrate:down
