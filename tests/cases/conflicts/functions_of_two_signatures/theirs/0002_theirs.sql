-- migrate:up
CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 2';
-- migrate:down
