-- Tables as such: kind, options, row security, replica identity, typed tables.

-- before

-- differs: a table
-- or
CREATE TABLE t (a int);

-- differs: a table without columns
-- or
CREATE TABLE t ();

-- differs: a name
CREATE TABLE t (a int);
-- or
CREATE TABLE u (a int);

-- differs: a name in need of quotes
CREATE TABLE "T ""x." (a int);
-- or
CREATE TABLE "T ""y." (a int);

-- same: column order
CREATE TABLE t (a int NOT NULL, b text, c int GENERATED ALWAYS AS (a + 1) STORED);
COMMENT ON COLUMN t.b IS 'x';
ALTER TABLE t ALTER a SET STATISTICS 7, ALTER b SET STORAGE EXTERNAL, ALTER c SET STATISTICS 8;
-- or
CREATE TABLE t (b text, c int GENERATED ALWAYS AS (a + 1) STORED, a int NOT NULL);
COMMENT ON COLUMN t.b IS 'x';
ALTER TABLE t ALTER a SET STATISTICS 7, ALTER b SET STORAGE EXTERNAL, ALTER c SET STATISTICS 8;

-- before
CREATE TABLE t (a int, b text);

-- differs: unlogged
-- or
ALTER TABLE t SET UNLOGGED;

-- same: unlogged there and back
-- or
ALTER TABLE t SET UNLOGGED;
ALTER TABLE t SET LOGGED;

-- same: a temporary table
-- or
CREATE TEMPORARY TABLE u (a int);
CREATE TEMPORARY TABLE t (a serial);

-- same: dropped and made again
-- or
DROP TABLE t;
CREATE TABLE t (a int, b text);

-- same: renamed there and back
-- or
ALTER TABLE t RENAME TO u;
ALTER TABLE u RENAME TO t;

-- same: moved there and back
-- or
ALTER TABLE t SET SCHEMA public;
ALTER TABLE public.t SET SCHEMA SELF;

-- same: rows
-- or
INSERT INTO t VALUES (1, 'x');
ANALYZE t;

-- same: rewritten
-- or
INSERT INTO t VALUES (1, 'x');
CREATE INDEX i ON t (a);
CLUSTER t USING i;
ALTER TABLE t SET WITHOUT CLUSTER;
DROP INDEX i;
TRUNCATE t;

-- differs: an option
-- or
ALTER TABLE t SET (fillfactor = 70);

-- differs: an option's value
ALTER TABLE t SET (fillfactor = 70);
-- or
ALTER TABLE t SET (fillfactor = 71);

-- differs: which option
ALTER TABLE t SET (autovacuum_enabled = off);
-- or
ALTER TABLE t SET (vacuum_truncate = off);

-- same: options in another order
ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled = off, toast.autovacuum_enabled = off, toast.vacuum_truncate = off);
-- or
ALTER TABLE t SET (toast.vacuum_truncate = off, autovacuum_enabled = off, fillfactor = 70, toast.autovacuum_enabled = off);

-- same: an option set and reset
-- or
ALTER TABLE t SET (fillfactor = 70);
ALTER TABLE t RESET (fillfactor);

-- differs: an option of the TOAST table
-- or
ALTER TABLE t SET (toast.autovacuum_enabled = off);

-- differs: an option of the TOAST table or of the table
ALTER TABLE t SET (autovacuum_enabled = off);
-- or
ALTER TABLE t SET (toast.autovacuum_enabled = off);

-- same: an option of the TOAST table set and reset
-- or
ALTER TABLE t SET (toast.autovacuum_enabled = off);
ALTER TABLE t RESET (toast.autovacuum_enabled);

-- differs: a tablespace (since 15)
-- or
ALTER TABLE t SET TABLESPACE SPACE;

-- same: a tablespace there and back (since 15)
-- or
ALTER TABLE t SET TABLESPACE SPACE;
ALTER TABLE t SET TABLESPACE pg_default;

-- differs: row security
-- or
ALTER TABLE t ENABLE ROW LEVEL SECURITY;

-- same: row security there and back
-- or
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- differs: row security forced
-- or
ALTER TABLE t FORCE ROW LEVEL SECURITY;

-- same: row security forced there and back
-- or
ALTER TABLE t FORCE ROW LEVEL SECURITY;
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;

-- before
CREATE TABLE t (a int NOT NULL, b int);
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (a) INCLUDE (b);

-- differs: replica identity full
-- or
ALTER TABLE t REPLICA IDENTITY FULL;

-- differs: replica identity full or nothing
ALTER TABLE t REPLICA IDENTITY FULL;
-- or
ALTER TABLE t REPLICA IDENTITY NOTHING;

-- differs: replica identity by index
-- or
ALTER TABLE t REPLICA IDENTITY USING INDEX i;

-- differs: replica identity by which index
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
-- or
ALTER TABLE t REPLICA IDENTITY USING INDEX j;

-- same: replica identity there and back
-- or
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
ALTER TABLE t REPLICA IDENTITY FULL;
ALTER TABLE t REPLICA IDENTITY DEFAULT;

-- same: replica identity by an index that is gone
DROP INDEX j;
-- or
ALTER TABLE t REPLICA IDENTITY USING INDEX j;
DROP INDEX j;

-- before
CREATE ACCESS METHOD SELF_heap TYPE TABLE HANDLER heap_tableam_handler;

-- differs: an access method
CREATE TABLE t (a int);
-- or
CREATE TABLE t (a int) USING SELF_heap;

-- differs: the access method of a partitioned table (since 17)
CREATE TABLE t (a int) PARTITION BY RANGE (a);
-- or
CREATE TABLE t (a int) PARTITION BY RANGE (a) USING SELF_heap;

-- before
CREATE TYPE y AS (a int, b text);
CREATE TYPE z AS (a int, b text);

-- differs: typed
CREATE TABLE t (a int, b text);
-- or
CREATE TABLE t OF y;

-- differs: of which type
CREATE TABLE t OF y;
-- or
CREATE TABLE t OF z;

-- differs: a default of a typed table
CREATE TABLE t OF y;
-- or
CREATE TABLE t OF y (a WITH OPTIONS DEFAULT 1);

-- same: typed no more
CREATE TABLE t (a int, b text);
-- or
CREATE TABLE t OF y;
ALTER TABLE t NOT OF;

-- same: typed later
CREATE TABLE t OF y;
-- or
CREATE TABLE t (a int, b text);
ALTER TABLE t OF y;
