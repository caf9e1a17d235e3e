-- migrate:up
CREATE FUNCTION make() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE likes (id int); END $$;
SELECT make();
DROP FUNCTION make();
-- migrate:down
