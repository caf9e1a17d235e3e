-- migrate:up
CREATE TABLE notes (id int, body text);
CREATE VIEW v AS SELECT * FROM notes;
-- migrate:down
