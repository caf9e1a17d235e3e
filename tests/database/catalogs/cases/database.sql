-- What concerns a database as a whole: each pair of scripts runs in two databases of its own.

-- before

-- differs: a comment on schema public
-- or
COMMENT ON SCHEMA public IS 'x';

-- differs: a privilege on schema public
-- or
GRANT CREATE ON SCHEMA public TO PUBLIC;

-- same: a privilege on schema public there and back
-- or
GRANT CREATE ON SCHEMA public TO READER;
REVOKE CREATE ON SCHEMA public FROM READER;

-- differs: privileges by default in every schema
-- or
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- differs: privileges by default that are none at all
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
-- or
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC, CURRENT_USER;

-- differs: privileges on what PostgreSQL brings
-- or
REVOKE EXECUTE ON FUNCTION pg_sleep FROM PUBLIC;
GRANT SELECT ON pg_authid TO READER;
REVOKE USAGE ON LANGUAGE sql FROM PUBLIC;
REVOKE USAGE ON TYPE xml FROM PUBLIC;

-- same: privileges on what PostgreSQL brings, there and back
-- or
REVOKE EXECUTE ON FUNCTION pg_sleep FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_sleep TO PUBLIC;
GRANT SELECT ON pg_authid TO READER;
REVOKE SELECT ON pg_authid FROM READER;
GRANT CREATE ON SCHEMA pg_catalog TO READER;
REVOKE CREATE ON SCHEMA pg_catalog FROM READER;

-- differs: an extension less
-- or
DROP EXTENSION plpgsql;

-- differs: a comment on an extension
-- or
COMMENT ON EXTENSION plpgsql IS 'x';

-- differs: depends on an extension
CREATE FUNCTION SELF.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION SELF.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION SELF.f DEPENDS ON EXTENSION plpgsql;

-- same: gitmig's own schemas
-- or
CREATE SCHEMA gitmig CREATE TABLE t (a serial PRIMARY KEY CHECK (a > 0)) CREATE INDEX ON t (a) CREATE VIEW v AS SELECT 1;
CREATE SCHEMA gitmig_kept CREATE TABLE t (a int);
CREATE FUNCTION gitmig.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE gitmig.y AS ENUM ('a');

-- same: what the database is set to and who connects
-- or
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''7MB''', current_database()); END $$;
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO READER', current_database()); END $$;
