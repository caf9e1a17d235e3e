-- Security labels, written into the catalog as a label provider would: PostgreSQL brings none.

-- before
SET allow_system_table_mods = on;
CREATE TABLE t (a int, b int);
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: a label
-- or
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'p', 'x');

-- differs: what a label says
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'p', 'x');
-- or
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'p', 'y');

-- differs: who provides a label
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'p', 'x');
-- or
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'q', 'x');

-- differs: a label on which column
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 1, 'p', 'x');
-- or
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 2, 'p', 'x');

-- differs: a label on a function
-- or
INSERT INTO pg_seclabel VALUES ('f'::regproc, 'pg_proc'::regclass, 0, 'p', 'x');
