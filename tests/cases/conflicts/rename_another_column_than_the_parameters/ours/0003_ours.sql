-- migrate:up
CREATE FUNCTION g(r notes) RETURNS int LANGUAGE sql AS 'SELECT r.y + x FROM tags';
-- migrate:down
