-- Views and materialized views.

-- before
CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT a, b FROM t;

-- differs: a view
-- or
CREATE VIEW w AS SELECT a, b FROM t;

-- differs: what a view says
-- or
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WHERE a > 0;

-- differs: a column
-- or
CREATE OR REPLACE VIEW v AS SELECT a, b, 1 AS c FROM t;

-- differs: order of columns
-- or
DROP VIEW v;
CREATE VIEW v AS SELECT b, a FROM t;

-- differs: a column's name
-- or
ALTER VIEW v RENAME a TO x;

-- differs: a constant's type
CREATE VIEW w AS SELECT '1'::text AS x;
-- or
CREATE VIEW w AS SELECT '1'::varchar AS x;

-- differs: another table of the same name
CREATE VIEW w AS SELECT FROM pg_class;
-- or
CREATE TABLE pg_class ();
SET search_path = SELF, pg_catalog;
CREATE VIEW w AS SELECT FROM pg_class;
DROP VIEW w;
CREATE VIEW w AS SELECT FROM pg_catalog.pg_class;

-- same: written with a path and without
CREATE VIEW w AS SELECT a, b FROM v;
-- or
SET search_path = '';
CREATE VIEW SELF.w AS SELECT v.a, v.b FROM SELF.v;

-- same: replaced there and back
-- or
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WHERE a > 0;
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t;

-- same: dropped and made again
CREATE VIEW w AS SELECT a FROM v;
-- or
DROP VIEW v;
CREATE VIEW v AS SELECT a, b FROM t;
CREATE VIEW w AS SELECT a FROM v;

-- same: a column of its table was renamed there and back
-- or
ALTER TABLE t RENAME a TO x;
ALTER TABLE t RENAME x TO a;

-- differs: security barrier
-- or
ALTER VIEW v SET (security_barrier);

-- differs: security invoker (since 15)
-- or
ALTER VIEW v SET (security_invoker);

-- same: an option there and back
-- or
ALTER VIEW v SET (security_barrier);
ALTER VIEW v RESET (security_barrier);

-- differs: a check option
-- or
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WITH LOCAL CHECK OPTION;

-- differs: which check option
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WITH LOCAL CHECK OPTION;
-- or
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WITH CASCADED CHECK OPTION;

-- same: a check option by its other name
CREATE OR REPLACE VIEW v AS SELECT a, b FROM t WITH CASCADED CHECK OPTION;
-- or
ALTER VIEW v SET (check_option = cascaded);

-- differs: a default
-- or
ALTER VIEW v ALTER a SET DEFAULT 1;

-- same: a default there and back
-- or
ALTER VIEW v ALTER a SET DEFAULT 1;
ALTER VIEW v ALTER a DROP DEFAULT;

-- differs: a trigger
-- or
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();

-- differs: a rule
-- or
CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING;

-- differs: recursive
CREATE VIEW w AS SELECT 1 AS n;
-- or
CREATE RECURSIVE VIEW w (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n < 9;

-- differs: a materialized view
CREATE VIEW m AS SELECT a, b FROM t;
-- or
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;

-- before
CREATE TABLE t (a int, b text);
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;

-- differs: what a materialized view says
-- or
DROP MATERIALIZED VIEW m;
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t WHERE a > 0;

-- same: without data
-- or
REFRESH MATERIALIZED VIEW m WITH NO DATA;

-- same: refreshed
-- or
INSERT INTO t VALUES (1, 'x');
REFRESH MATERIALIZED VIEW m;

-- differs: an option of a materialized view
-- or
ALTER MATERIALIZED VIEW m SET (fillfactor = 70);

-- differs: an option of its TOAST table
-- or
ALTER MATERIALIZED VIEW m SET (toast.autovacuum_enabled = off);

-- differs: a statistics target
-- or
ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 7;

-- differs: storage
-- or
ALTER MATERIALIZED VIEW m ALTER b SET STORAGE EXTERNAL;

-- differs: clustered
CREATE INDEX i ON m (a);
-- or
CREATE INDEX i ON m (a);
ALTER MATERIALIZED VIEW m CLUSTER ON i;

-- differs: a tablespace (since 15)
-- or
ALTER MATERIALIZED VIEW m SET TABLESPACE SPACE;

-- differs: an access method
CREATE ACCESS METHOD SELF_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE MATERIALIZED VIEW n AS SELECT 1 AS a;
-- or
CREATE ACCESS METHOD SELF_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE MATERIALIZED VIEW n USING SELF_heap AS SELECT 1 AS a;
