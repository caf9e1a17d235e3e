-- migrate:up
CREATE TABLE notes (id int);
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- migrate:down
