-- A comment on every kind of object.

-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b text, CONSTRAINT c CHECK (a > 0));
CREATE INDEX i ON t (b);
CREATE VIEW v AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
CREATE SEQUENCE s;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION g();
CREATE RULE r AS ON DELETE TO t DO ALSO NOTHING;
CREATE POLICY p ON t;
CREATE STATISTICS x ON a, b FROM t;

-- differs: table
-- or
COMMENT ON TABLE t IS 'x';

-- differs: what it says
COMMENT ON TABLE t IS 'x';
-- or
COMMENT ON TABLE t IS 'y';

-- same: none any more
-- or
COMMENT ON TABLE t IS 'x';
COMMENT ON COLUMN t.a IS 'x';
COMMENT ON TRIGGER g ON t IS 'x';
COMMENT ON TABLE t IS NULL;
COMMENT ON COLUMN t.a IS '';
COMMENT ON TRIGGER g ON t IS NULL;

-- differs: column
-- or
COMMENT ON COLUMN t.a IS 'x';

-- differs: which column
COMMENT ON COLUMN t.b IS 'x';
-- or
COMMENT ON COLUMN t.a IS 'x';

-- differs: constraint
-- or
COMMENT ON CONSTRAINT c ON t IS 'x';

-- differs: primary key
-- or
COMMENT ON CONSTRAINT t_pkey ON t IS 'x';

-- differs: the index of a primary key
COMMENT ON CONSTRAINT t_pkey ON t IS 'x';
-- or
COMMENT ON INDEX t_pkey IS 'x';

-- differs: not-null constraint (since 18)
-- or
COMMENT ON CONSTRAINT t_a_not_null ON t IS 'x';

-- differs: index
-- or
COMMENT ON INDEX i IS 'x';

-- differs: view
-- or
COMMENT ON VIEW v IS 'x';

-- differs: column of a view
-- or
COMMENT ON COLUMN v.a IS 'x';

-- differs: materialized view
-- or
COMMENT ON MATERIALIZED VIEW m IS 'x';

-- differs: column of a materialized view
-- or
COMMENT ON COLUMN m.a IS 'x';

-- differs: sequence
-- or
COMMENT ON SEQUENCE s IS 'x';

-- differs: sequence of an identity
-- or
COMMENT ON SEQUENCE t_a_seq IS 'x';

-- differs: trigger
-- or
COMMENT ON TRIGGER g ON t IS 'x';

-- differs: rule
-- or
COMMENT ON RULE r ON t IS 'x';

-- differs: policy
-- or
COMMENT ON POLICY p ON t IS 'x';

-- differs: statistics object
-- or
COMMENT ON STATISTICS x IS 'x';

-- differs: schema
-- or
COMMENT ON SCHEMA SELF IS 'x';

-- before
CREATE TYPE e AS ENUM ('a');
CREATE TYPE c AS (a int);
CREATE DOMAIN d AS int CONSTRAINT k CHECK (value > 0);
CREATE TYPE r AS RANGE (subtype = float4);
CREATE TYPE n;
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION i(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_lextype';
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE x (int) (sfunc = f, stype = int);
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <;
CREATE OPERATOR FAMILY l USING btree;
CREATE CAST (int AS c) WITH INOUT;
CREATE TRANSFORM FOR c LANGUAGE sql (FROM SQL WITH FUNCTION i(internal));

-- differs: enum
-- or
COMMENT ON TYPE e IS 'x';

-- differs: composite type
-- or
COMMENT ON TYPE c IS 'x';

-- differs: attribute
-- or
COMMENT ON COLUMN c.a IS 'x';

-- differs: domain
-- or
COMMENT ON DOMAIN d IS 'x';

-- differs: constraint of a domain
-- or
COMMENT ON CONSTRAINT k ON DOMAIN d IS 'x';

-- differs: range
-- or
COMMENT ON TYPE r IS 'x';

-- differs: base type
-- or
COMMENT ON TYPE n IS 'x';

-- differs: function
-- or
COMMENT ON FUNCTION f IS 'x';

-- differs: procedure
-- or
COMMENT ON PROCEDURE p IS 'x';

-- differs: aggregate
-- or
COMMENT ON AGGREGATE x (int) IS 'x';

-- differs: operator
-- or
COMMENT ON OPERATOR === (int, int) IS 'x';

-- differs: operator class
-- or
COMMENT ON OPERATOR CLASS k USING btree IS 'x';

-- differs: operator family
-- or
COMMENT ON OPERATOR FAMILY l USING btree IS 'x';

-- differs: cast
-- or
COMMENT ON CAST (int AS c) IS 'x';

-- differs: transform
-- or
COMMENT ON TRANSFORM FOR c LANGUAGE sql IS 'x';

-- before
CREATE COLLATION c (locale = 'C');
CREATE CONVERSION v FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH PARSER p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE t (lexize = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY d (template = t);
CREATE TEXT SEARCH CONFIGURATION x (parser = p);
CREATE FOREIGN DATA WRAPPER SELF_w;
CREATE SERVER SELF_s FOREIGN DATA WRAPPER SELF_w;
CREATE FOREIGN TABLE f (a int) SERVER SELF_s;
CREATE PUBLICATION SELF_p;
CREATE SUBSCRIPTION SELF_n CONNECTION 'host=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER SELF_e ON table_rewrite EXECUTE FUNCTION e();
CREATE FUNCTION h() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE SELF_l HANDLER h;
CREATE ACCESS METHOD SELF_m TYPE INDEX HANDLER bthandler;

-- differs: collation
-- or
COMMENT ON COLLATION c IS 'x';

-- differs: conversion
-- or
COMMENT ON CONVERSION v IS 'x';

-- differs: text search parser
-- or
COMMENT ON TEXT SEARCH PARSER p IS 'x';

-- differs: text search template
-- or
COMMENT ON TEXT SEARCH TEMPLATE t IS 'x';

-- differs: text search dictionary
-- or
COMMENT ON TEXT SEARCH DICTIONARY d IS 'x';

-- differs: text search configuration
-- or
COMMENT ON TEXT SEARCH CONFIGURATION x IS 'x';

-- differs: foreign data wrapper
-- or
COMMENT ON FOREIGN DATA WRAPPER SELF_w IS 'x';

-- differs: server
-- or
COMMENT ON SERVER SELF_s IS 'x';

-- differs: foreign table
-- or
COMMENT ON FOREIGN TABLE f IS 'x';

-- differs: column of a foreign table
-- or
COMMENT ON COLUMN f.a IS 'x';

-- differs: publication
-- or
COMMENT ON PUBLICATION SELF_p IS 'x';

-- differs: subscription
-- or
COMMENT ON SUBSCRIPTION SELF_n IS 'x';

-- differs: event trigger
-- or
COMMENT ON EVENT TRIGGER SELF_e IS 'x';

-- differs: language
-- or
COMMENT ON LANGUAGE SELF_l IS 'x';

-- differs: access method
-- or
COMMENT ON ACCESS METHOD SELF_m IS 'x';
