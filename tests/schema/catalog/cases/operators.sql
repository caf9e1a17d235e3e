-- Operators, operator classes and families, access methods, casts.

-- before
CREATE FUNCTION f(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION g(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE FUNCTION h(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';

-- differs: an operator
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);

-- differs: the function of an operator
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = g);

-- differs: a prefix operator
-- or
CREATE OPERATOR === (rightarg = int, function = h);

-- differs: a commutator
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, commutator = ===);

-- differs: a negator
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
CREATE OPERATOR !== (leftarg = int, rightarg = int, function = g);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
CREATE OPERATOR !== (leftarg = int, rightarg = int, function = g, negator = ===);

-- differs: restriction
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, restrict = eqsel);

-- differs: join
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, join = eqjoinsel);

-- differs: hashes
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, hashes);

-- differs: merges
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, merges);

-- same: an operator that names itself by its schema
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, commutator = ===, negator = !==);
CREATE OPERATOR !== (leftarg = int, rightarg = int, function = g, commutator = !==, negator = ===);
-- or
CREATE OPERATOR !== (leftarg = int, rightarg = int, function = g, commutator = OPERATOR(SELF.!==), negator = ===);
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, commutator = ===, negator = OPERATOR(SELF.!==));

-- same: an operator's estimators there and back
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f);
-- or
CREATE OPERATOR === (leftarg = int, rightarg = int, function = f, restrict = eqsel, join = eqjoinsel);
ALTER OPERATOR === (int, int) SET (restrict = NONE, join = NONE);

-- before
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION g(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2';
CREATE FUNCTION d(point, int) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 2.0';
CREATE OPERATOR <~> (leftarg = point, rightarg = int, function = d);

-- differs: an operator class
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 f(int, int);

-- differs: the method of an operator class
CREATE OPERATOR CLASS k FOR TYPE int USING hash AS OPERATOR 1 =;
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 3 =;

-- differs: operators of an operator class
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 f(int, int);
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 >, OPERATOR 3 =, FUNCTION 1 f(int, int);

-- differs: one more operator of an operator class
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 f(int, int);
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, OPERATOR 5 >, FUNCTION 1 f(int, int);

-- differs: a function of an operator class
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 f(int, int);
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 g(int, int);

-- differs: a default operator class
CREATE TYPE y AS ENUM ('a');
CREATE OPERATOR CLASS k FOR TYPE y USING btree AS OPERATOR 1 < (anyenum, anyenum);
-- or
CREATE TYPE y AS ENUM ('a');
CREATE OPERATOR CLASS k DEFAULT FOR TYPE y USING btree AS OPERATOR 1 < (anyenum, anyenum);

-- differs: what an operator class stores
CREATE OPERATOR CLASS k FOR TYPE polygon USING gist AS OPERATOR 3 &&;
-- or
CREATE OPERATOR CLASS k FOR TYPE polygon USING gist AS OPERATOR 3 &&, STORAGE box;

-- differs: the type of an operator class
CREATE OPERATOR CLASS k FOR TYPE circle USING gist AS STORAGE box;
-- or
CREATE OPERATOR CLASS k FOR TYPE polygon USING gist AS STORAGE box;

-- differs: an operator to sort by
CREATE OPERATOR CLASS k FOR TYPE point USING gist AS OPERATOR 15 <-> (point, point) FOR ORDER BY pg_catalog.float_ops;
-- or
CREATE OPERATOR CLASS k FOR TYPE point USING gist AS OPERATOR 15 <~> (point, int) FOR ORDER BY pg_catalog.float_ops;

-- differs: the family of an operator class
CREATE OPERATOR FAMILY n USING btree;
CREATE OPERATOR CLASS k FOR TYPE int USING btree FAMILY n AS OPERATOR 1 <;
-- or
CREATE OPERATOR FAMILY n USING btree;
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <;

-- differs: which family of an operator class
CREATE OPERATOR FAMILY m USING btree;
CREATE OPERATOR FAMILY n USING btree;
CREATE OPERATOR CLASS k FOR TYPE int USING btree FAMILY m AS OPERATOR 1 <;
-- or
CREATE OPERATOR FAMILY m USING btree;
CREATE OPERATOR FAMILY n USING btree;
CREATE OPERATOR CLASS k FOR TYPE int USING btree FAMILY n AS OPERATOR 1 <;

-- differs: an operator family
-- or
CREATE OPERATOR FAMILY n USING btree;

-- differs: a member of an operator family
CREATE OPERATOR FAMILY n USING btree;
-- or
CREATE OPERATOR FAMILY n USING btree;
ALTER OPERATOR FAMILY n USING btree ADD OPERATOR 1 < (int, int), FUNCTION 1 (int, int) f(int, int);

-- same: a member of the class, added later
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 3 =;
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <;
ALTER OPERATOR FAMILY k USING btree ADD OPERATOR 3 = (int, int);

-- differs: a class is gone and its family stays
-- or
CREATE OPERATOR CLASS k FOR TYPE int USING btree AS OPERATOR 1 <;
DROP OPERATOR CLASS k USING btree;

-- same: a member there and back
CREATE OPERATOR FAMILY n USING btree;
-- or
CREATE OPERATOR FAMILY n USING btree;
ALTER OPERATOR FAMILY n USING btree ADD OPERATOR 3 = (int, int);
ALTER OPERATOR FAMILY n USING btree DROP OPERATOR 3 (int, int);

-- before

-- differs: an access method
-- or
CREATE ACCESS METHOD SELF_m TYPE TABLE HANDLER heap_tableam_handler;

-- differs: the kind of an access method
CREATE ACCESS METHOD SELF_m TYPE TABLE HANDLER heap_tableam_handler;
-- or
CREATE ACCESS METHOD SELF_m TYPE INDEX HANDLER bthandler;

-- differs: the handler of an access method
CREATE ACCESS METHOD SELF_m TYPE INDEX HANDLER hashhandler;
-- or
CREATE ACCESS METHOD SELF_m TYPE INDEX HANDLER bthandler;

-- before
CREATE TYPE y AS (a int);
CREATE FUNCTION f(int) RETURNS y LANGUAGE sql AS 'SELECT row($1)::SELF.y';
CREATE FUNCTION g(int) RETURNS y LANGUAGE sql AS 'SELECT row(1)::SELF.y';

-- differs: a cast
-- or
CREATE CAST (int AS y) WITH FUNCTION f(int);

-- differs: the function of a cast
CREATE CAST (int AS y) WITH FUNCTION f(int);
-- or
CREATE CAST (int AS y) WITH FUNCTION g(int);

-- differs: a cast without a function
CREATE CAST (int AS y) WITH FUNCTION f(int);
-- or
CREATE CAST (int AS y) WITH INOUT;

-- differs: an implicit cast
CREATE CAST (int AS y) WITH FUNCTION f(int);
-- or
CREATE CAST (int AS y) WITH FUNCTION f(int) AS IMPLICIT;

-- differs: a cast in assignments
CREATE CAST (int AS y) WITH FUNCTION f(int) AS ASSIGNMENT;
-- or
CREATE CAST (int AS y) WITH FUNCTION f(int) AS IMPLICIT;

-- differs: a cast that does nothing or goes by text
CREATE TYPE z;
CREATE FUNCTION i(cstring) RETURNS z LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION o(z) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE z (input = i, output = o, like = text);
CREATE CAST (z AS text) WITHOUT FUNCTION;
-- or
CREATE TYPE z;
CREATE FUNCTION i(cstring) RETURNS z LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION o(z) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE z (input = i, output = o, like = text);
CREATE CAST (z AS text) WITH INOUT;

-- same: a cast there and back
-- or
CREATE CAST (int AS y) WITH INOUT;
DROP CAST (int AS y);
