-- Functions, procedures, aggregates, languages, transforms.

-- before
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: a function
-- or
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: a function's name
-- or
ALTER FUNCTION f RENAME TO g;

-- differs: a body
-- or
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 2';

-- differs: white space in a body
-- or
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT  1';

-- differs: a comment and an empty line in a body
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS '
SELECT 1 -- x
  -- y
';
-- or
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS '
SELECT 1 -- x
  -- z

';

-- differs: a body with dollars in it
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1 -- $$ $function$ \ ''';
-- or
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1 -- $$ $function$ \\ ''';

-- differs: a parsed body
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql RETURN a;
-- or
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql RETURN a + 1;

-- differs: a parsed body of several statements
CREATE TABLE t (a int);
CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); END;
-- or
CREATE TABLE t (a int);
CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); INSERT INTO t VALUES (3); END;

-- differs: a language
-- or
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS 'SELECT 1';
RESET check_function_bodies;

-- differs: an internal function
CREATE FUNCTION g(int, int) RETURNS int LANGUAGE internal STRICT AS 'int4pl';
-- or
CREATE FUNCTION g(int, int) RETURNS int LANGUAGE internal STRICT AS 'int4mi';

-- differs: a function in C
CREATE FUNCTION g() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
-- or
CREATE FUNCTION g() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';

-- differs: a type of an argument
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(a bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: the name of an argument
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(b int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: the default of an argument
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(a int DEFAULT 7) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: which default
CREATE FUNCTION g(a int DEFAULT 6) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(a int DEFAULT 7) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: variadic
CREATE FUNCTION g(a int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(VARIADIC a int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: an argument out
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(a int, OUT b int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: an argument in and out
CREATE FUNCTION g(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g(INOUT a int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- differs: the name of an argument out
CREATE FUNCTION g(OUT a int, OUT b int) LANGUAGE sql AS 'SELECT 1, 2';
-- or
CREATE FUNCTION g(OUT a int, OUT c int) LANGUAGE sql AS 'SELECT 1, 2';

-- differs: the type of the result
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS 'SELECT 1';

-- differs: a set
CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';

-- differs: a table
CREATE FUNCTION g() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g() RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT 1';

-- differs: volatility
-- or
ALTER FUNCTION f IMMUTABLE;

-- differs: which volatility
ALTER FUNCTION f STABLE;
-- or
ALTER FUNCTION f IMMUTABLE;

-- differs: strict
-- or
ALTER FUNCTION f STRICT;

-- differs: leakproof
-- or
ALTER FUNCTION f LEAKPROOF;

-- differs: security definer
-- or
ALTER FUNCTION f SECURITY DEFINER;

-- differs: parallel
-- or
ALTER FUNCTION f PARALLEL SAFE;

-- differs: cost
-- or
ALTER FUNCTION f COST 7;

-- differs: rows
CREATE FUNCTION g() RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE FUNCTION g() RETURNS SETOF int LANGUAGE sql ROWS 7 AS 'SELECT 1';

-- differs: a support function
-- or
ALTER FUNCTION f SUPPORT generate_series_int4_support;

-- differs: a window function
CREATE FUNCTION g() RETURNS bigint LANGUAGE internal AS 'window_row_number';
-- or
CREATE FUNCTION g() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';

-- differs: a setting
-- or
ALTER FUNCTION f SET work_mem = '7MB';

-- differs: the value of a setting
ALTER FUNCTION f SET search_path = SELF;
-- or
ALTER FUNCTION f SET search_path = SELF, public;

-- differs: a setting of an empty path
-- or
ALTER FUNCTION f SET search_path = '';

-- same: settings made in another order
ALTER FUNCTION f SET work_mem = '7MB' SET search_path = SELF, public;
ALTER FUNCTION f SET enable_seqscan = off;
-- or
ALTER FUNCTION f SET enable_seqscan = off;
ALTER FUNCTION f SET search_path = SELF, public SET work_mem = '7MB';

-- same: every property there and back
-- or
ALTER FUNCTION f IMMUTABLE STRICT LEAKPROOF SECURITY DEFINER PARALLEL SAFE COST 7;
ALTER FUNCTION f SET work_mem = '7MB';
ALTER FUNCTION f RESET ALL;
ALTER FUNCTION f VOLATILE CALLED ON NULL INPUT NOT LEAKPROOF SECURITY INVOKER PARALLEL UNSAFE COST 100;

-- same: replaced there and back
-- or
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 7; END';
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';

-- same: renamed there and back
-- or
ALTER FUNCTION f RENAME TO g;
ALTER FUNCTION g RENAME TO f;
ALTER FUNCTION f SET SCHEMA public;
ALTER FUNCTION public.f SET SCHEMA SELF;

-- same: written with other words
CREATE FUNCTION g(a character varying, b boolean) RETURNS integer LANGUAGE sql RETURNS NULL ON NULL INPUT AS 'SELECT 1';
-- or
CREATE FUNCTION g(varchar, bool) RETURNS int4 LANGUAGE sql STRICT AS 'SELECT 1';
DROP FUNCTION g;
CREATE FUNCTION g(a varchar, b bool) RETURNS int4 AS $_$SELECT 1$_$ LANGUAGE sql STRICT;

-- differs: a procedure
-- or
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';

-- differs: what a procedure does
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
-- or
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 2';

-- differs: a procedure's argument out
CREATE PROCEDURE p(a int) LANGUAGE sql AS 'SELECT 1';
-- or
CREATE PROCEDURE p(INOUT a int) LANGUAGE sql AS 'SELECT 1';

-- before
CREATE FUNCTION i(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION j(int, int) RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION k(int) RETURNS int LANGUAGE sql AS 'SELECT 3';
CREATE FUNCTION k(int, int) RETURNS int LANGUAGE sql AS 'SELECT 4';
CREATE FUNCTION k(bigint) RETURNS int LANGUAGE sql AS 'SELECT 6';
CREATE FUNCTION i(bigint, int) RETURNS bigint LANGUAGE sql AS 'SELECT 5';
CREATE FUNCTION s(internal) RETURNS bytea LANGUAGE internal STRICT AS 'numeric_avg_serialize';
CREATE FUNCTION d(bytea, internal) RETURNS internal LANGUAGE internal STRICT AS 'numeric_avg_deserialize';

-- differs: an aggregate
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int);

-- differs: the state function of an aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = j, stype = int);

-- differs: the state type of an aggregate
CREATE AGGREGATE x (int) (sfunc = int4_sum, stype = bigint);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int);

-- differs: the state type of an aggregate, and so which function of that name
CREATE AGGREGATE x (int) (sfunc = i, stype = bigint);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int);

-- differs: the first state of an aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, initcond = '7');

-- differs: the state size of an aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, sspace = 7);

-- differs: the final function of an aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k);

-- differs: extra arguments of the final function
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k, finalfunc_extra);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k);

-- differs: the final function may change the state
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k, finalfunc_modify = read_write);

-- differs: the combining function of an aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, combinefunc = j);

-- differs: an aggregate whose state can travel
CREATE AGGREGATE x (numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg,
  combinefunc = numeric_avg_combine);
-- or
CREATE AGGREGATE x (numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg,
  combinefunc = numeric_avg_combine, serialfunc = numeric_avg_serialize, deserialfunc = numeric_avg_deserialize);

-- differs: how a state is packed
CREATE AGGREGATE x (numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg,
  combinefunc = numeric_avg_combine, serialfunc = numeric_avg_serialize, deserialfunc = numeric_avg_deserialize);
-- or
CREATE AGGREGATE x (numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg,
  combinefunc = numeric_avg_combine, serialfunc = s, deserialfunc = numeric_avg_deserialize);

-- differs: how a state is unpacked
CREATE AGGREGATE x (numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg,
  combinefunc = numeric_avg_combine, serialfunc = numeric_avg_serialize, deserialfunc = numeric_avg_deserialize);
-- or
CREATE AGGREGATE x (numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg,
  combinefunc = numeric_avg_combine, serialfunc = numeric_avg_serialize, deserialfunc = d);

-- differs: moving
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int);

-- differs: the state function of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = j, minvfunc = j, mstype = int);

-- differs: the inverse function of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = i, mstype = int);

-- differs: the first state of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, minitcond = '7');

-- differs: the state size of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, msspace = 7);

-- differs: the final function of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, finalfunc = k, mfinalfunc = i, mfinalfunc_extra);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, finalfunc = k, mfinalfunc = j, mfinalfunc_extra);

-- differs: extra arguments of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, finalfunc = k, mfinalfunc = k, mfinalfunc_extra);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, finalfunc = k, mfinalfunc = k);

-- differs: the final function of a moving aggregate may change the state
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, finalfunc = k, mfinalfunc = k);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, msfunc = i, minvfunc = j, mstype = int, finalfunc = k, mfinalfunc = k, mfinalfunc_modify = read_write);

-- differs: the state type of a moving aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k, msfunc = i, minvfunc = i, mstype = bigint, mfinalfunc = k);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, finalfunc = k, msfunc = i, minvfunc = i, mstype = int, mfinalfunc = k);

-- differs: the sort operator of an aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, sortop = >);

-- differs: a parallel aggregate
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (int) (sfunc = i, stype = int, parallel = safe);

-- differs: the name of an aggregate's argument
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (a int) (sfunc = i, stype = int);

-- differs: an ordered set
CREATE AGGREGATE x (int ORDER BY int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE x (ORDER BY int) (sfunc = i, stype = int);

-- differs: hypothetical
CREATE AGGREGATE x (VARIADIC "any" ORDER BY VARIADIC "any") (sfunc = ordered_set_transition_multi, stype = internal,
  finalfunc = rank_final, finalfunc_extra);
-- or
CREATE AGGREGATE x (VARIADIC "any" ORDER BY VARIADIC "any") (sfunc = ordered_set_transition_multi, stype = internal,
  finalfunc = rank_final, finalfunc_extra, hypothetical);

-- same: an aggregate there and back
CREATE AGGREGATE x (int) (sfunc = i, stype = int);
-- or
CREATE AGGREGATE y (int) (sfunc = i, stype = int);
ALTER AGGREGATE y (int) RENAME TO x;
CREATE OR REPLACE AGGREGATE x (int) (sfunc = j, stype = int, parallel = safe);
CREATE OR REPLACE AGGREGATE x (int) (sfunc = i, stype = int);

-- before
CREATE FUNCTION h() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION g() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION i(internal) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION v(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';

-- differs: a new language
-- or
CREATE LANGUAGE SELF_l HANDLER h;

-- differs: a trusted language
CREATE LANGUAGE SELF_l HANDLER h;
-- or
CREATE TRUSTED LANGUAGE SELF_l HANDLER h;

-- differs: the handler of a language
CREATE LANGUAGE SELF_l HANDLER g;
-- or
CREATE LANGUAGE SELF_l HANDLER h;

-- differs: a language that can be used inline
CREATE LANGUAGE SELF_l HANDLER h;
-- or
CREATE LANGUAGE SELF_l HANDLER h INLINE i;

-- differs: a language with a validator
CREATE LANGUAGE SELF_l HANDLER h;
-- or
CREATE LANGUAGE SELF_l HANDLER h VALIDATOR v;

-- before
CREATE TYPE y AS (a int);
CREATE FUNCTION i(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_lextype';
CREATE FUNCTION j(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_lextype';
CREATE FUNCTION o(internal) RETURNS y LANGUAGE internal IMMUTABLE AS 'int4recv';

-- differs: a transform
-- or
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION i(internal));

-- differs: functions of a transform
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION i(internal));
-- or
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION i(internal), TO SQL WITH FUNCTION o(internal));

-- differs: which function of a transform
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION i(internal));
-- or
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION j(internal));

-- differs: a function that uses a transform
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION i(internal));
CREATE FUNCTION g(y) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- or
CREATE TRANSFORM FOR y LANGUAGE sql (FROM SQL WITH FUNCTION i(internal));
CREATE FUNCTION g(y) RETURNS int LANGUAGE sql TRANSFORM FOR TYPE y AS 'SELECT 1';
