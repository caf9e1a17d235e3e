-- migrate:up
CREATE TABLE notes (id int, body text);
CREATE TABLE tags (id int);
CREATE FUNCTION all_notes() RETURNS SETOF notes LANGUAGE sql AS 'SELECT * FROM notes';
-- migrate:down
