-- migrate:up
DROP FUNCTION f(int);
CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS $$ SELECT 3 $$;
-- migrate:down
