-- migrate:up
CREATE FUNCTION mend() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE comments SET contents = upper(contents); END $$;
SELECT mend();
DROP FUNCTION mend();
-- migrate:down
