-- migrate:up
CREATE FUNCTION clear() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE comments SET contents = NULL; END $$;
-- migrate:down
