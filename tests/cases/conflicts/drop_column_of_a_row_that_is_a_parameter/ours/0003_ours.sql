-- migrate:up
CREATE FUNCTION g(r notes) RETURNS int LANGUAGE sql AS 'SELECT r.x';
-- migrate:down
