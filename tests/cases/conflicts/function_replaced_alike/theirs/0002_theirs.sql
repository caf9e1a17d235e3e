-- migrate:up
CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE a (id int);
-- migrate:down
