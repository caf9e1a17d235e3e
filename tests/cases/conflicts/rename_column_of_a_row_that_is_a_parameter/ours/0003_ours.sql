-- migrate:up
CREATE FUNCTION g(r notes) RETURNS int LANGUAGE sql AS 'SELECT ($1).x';
-- migrate:down
