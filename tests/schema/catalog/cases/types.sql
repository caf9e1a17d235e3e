-- Enums, composite types, domains, ranges, base types.

-- before
CREATE TYPE y AS ENUM ('a', 'c');

-- differs: an enum
-- or
CREATE TYPE z AS ENUM ();

-- differs: a label
-- or
ALTER TYPE y ADD VALUE 'd';

-- differs: the order of labels
ALTER TYPE y ADD VALUE 'b';
-- or
ALTER TYPE y ADD VALUE 'b' BEFORE 'c';

-- differs: a label's name
-- or
ALTER TYPE y RENAME VALUE 'c' TO 'C';

-- same: a label in its place
ALTER TYPE y ADD VALUE 'b' BEFORE 'c';
-- or
DROP TYPE y;
CREATE TYPE y AS ENUM ('a', 'b', 'c');

-- same: a label added after or before
ALTER TYPE y ADD VALUE 'b' BEFORE 'c';
-- or
ALTER TYPE y ADD VALUE 'b' AFTER 'a';

-- same: renamed there and back
-- or
ALTER TYPE y RENAME TO x;
ALTER TYPE x RENAME TO y;
ALTER TYPE y RENAME VALUE 'a' TO 'x';
ALTER TYPE y RENAME VALUE 'x' TO 'a';

-- same: swapped for a new one of the same name
CREATE TABLE t (e y);
-- or
CREATE TABLE t (e y);
ALTER TYPE y RENAME TO x;
CREATE TYPE y AS ENUM ('a', 'c');
ALTER TABLE t ALTER e TYPE y USING e::text::y;
DROP TYPE x;

-- before
CREATE TYPE y AS (a int, b text);

-- differs: a composite type
-- or
CREATE TYPE z AS (a int);

-- differs: a composite type without attributes
-- or
CREATE TYPE z AS ();

-- differs: an attribute
-- or
ALTER TYPE y ADD ATTRIBUTE c int;

-- differs: the order of attributes
-- or
DROP TYPE y;
CREATE TYPE y AS (b text, a int);

-- differs: an attribute's type
-- or
ALTER TYPE y ALTER ATTRIBUTE a TYPE bigint;

-- differs: an attribute's name
-- or
ALTER TYPE y RENAME ATTRIBUTE a TO c;

-- differs: an attribute's collation
-- or
ALTER TYPE y ALTER ATTRIBUTE b TYPE text COLLATE "C";

-- same: an attribute added and dropped
-- or
ALTER TYPE y ADD ATTRIBUTE c int;
ALTER TYPE y DROP ATTRIBUTE c;

-- differs: an attribute dropped and added comes last
-- or
ALTER TYPE y DROP ATTRIBUTE a;
ALTER TYPE y ADD ATTRIBUTE a int;

-- before
CREATE DOMAIN y AS text;

-- differs: a domain
-- or
CREATE DOMAIN z AS text;

-- differs: the type of a domain
-- or
DROP DOMAIN y;
CREATE DOMAIN y AS varchar(10);

-- differs: the default of a domain
-- or
ALTER DOMAIN y SET DEFAULT 'x';

-- differs: which default of a domain
ALTER DOMAIN y SET DEFAULT 'x';
-- or
ALTER DOMAIN y SET DEFAULT 'y';

-- same: the default of a domain, set with another path
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT 1';
ALTER DOMAIN y SET DEFAULT f();
-- or
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT 1';
SET search_path = '';
ALTER DOMAIN SELF.y SET DEFAULT SELF.f();

-- differs: a domain's not null
-- or
ALTER DOMAIN y SET NOT NULL;

-- same: a domain's not null there and back
-- or
ALTER DOMAIN y SET NOT NULL;
ALTER DOMAIN y DROP NOT NULL;

-- differs: the name of a domain's not null (since 18)
ALTER DOMAIN y ADD CONSTRAINT n NOT NULL;
-- or
ALTER DOMAIN y ADD CONSTRAINT m NOT NULL;

-- same: the name of a domain's not null, where there is none (until 16)
DROP DOMAIN y;
CREATE DOMAIN y AS text CONSTRAINT n NOT NULL;
-- or
DROP DOMAIN y;
CREATE DOMAIN y AS text CONSTRAINT m NOT NULL;

-- differs: a domain's check
-- or
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');

-- differs: what a domain's check says
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> ' ');
-- or
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');

-- differs: the name of a domain's check
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');
-- or
ALTER DOMAIN y ADD CONSTRAINT l CHECK (value <> '');

-- differs: checks of a domain whose names have to be quoted
ALTER DOMAIN y ADD CONSTRAINT "Not Empty" CHECK (value <> '');
ALTER DOMAIN y ADD CONSTRAINT "select" CHECK (value <> 'x');
ALTER DOMAIN y ADD CONSTRAINT "Later" CHECK (value <> 'y') NOT VALID;
COMMENT ON CONSTRAINT "select" ON DOMAIN y IS 'x';
-- or
ALTER DOMAIN y ADD CONSTRAINT "Later" CHECK (value <> 'y');
COMMENT ON CONSTRAINT "Later" ON DOMAIN y IS 'y';

-- differs: a domain with a check whose name has to be quoted
-- or
CREATE DOMAIN z AS text CONSTRAINT "Not Empty" CHECK (value <> '');

-- differs: a domain's check that was not validated
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');
-- or
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '') NOT VALID;

-- same: a domain's check that was validated later
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');
-- or
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '') NOT VALID;
ALTER DOMAIN y VALIDATE CONSTRAINT k;

-- same: a domain's checks, in another order
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');
ALTER DOMAIN y ADD CONSTRAINT l CHECK (value <> ' ');
-- or
ALTER DOMAIN y ADD CONSTRAINT l CHECK (value <> ' ');
ALTER DOMAIN y ADD CONSTRAINT k CHECK (value <> '');

-- differs: the collation of a domain
-- or
DROP DOMAIN y;
CREATE DOMAIN y AS text COLLATE "C";

-- before
CREATE FUNCTION f(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 1.0::float8';

-- differs: a range
-- or
CREATE TYPE r AS RANGE (subtype = float8);

-- differs: the subtype of a range
CREATE TYPE r AS RANGE (subtype = float4);
-- or
CREATE TYPE r AS RANGE (subtype = float8);

-- differs: the subtype of a range that uses the same operators
CREATE TYPE r AS RANGE (subtype = varchar);
-- or
CREATE TYPE r AS RANGE (subtype = text);

-- differs: the canonical form of a range
CREATE TYPE r;
CREATE FUNCTION c(r) RETURNS r LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
CREATE TYPE r AS RANGE (subtype = int);
-- or
CREATE TYPE r;
CREATE FUNCTION c(r) RETURNS r LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
CREATE TYPE r AS RANGE (subtype = int, canonical = c);

-- differs: the difference of a range
CREATE TYPE r AS RANGE (subtype = float8);
-- or
CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = f);

-- differs: the collation of a range
CREATE TYPE r AS RANGE (subtype = text);
-- or
CREATE TYPE r AS RANGE (subtype = text, collation = "C");

-- differs: the operator class of a range
CREATE TYPE r AS RANGE (subtype = text);
-- or
CREATE TYPE r AS RANGE (subtype = text, subtype_opclass = text_pattern_ops);

-- differs: the name of a multirange
CREATE TYPE r AS RANGE (subtype = float8);
-- or
CREATE TYPE r AS RANGE (subtype = float8, multirange_type_name = m);

-- before
CREATE TYPE y;
CREATE FUNCTION i(cstring) RETURNS y LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION o(y) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE FUNCTION o2(y) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE FUNCTION i2(cstring) RETURNS y LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION s(y) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'textsend';
CREATE FUNCTION r(internal) RETURNS y LANGUAGE internal IMMUTABLE STRICT AS 'textrecv';
CREATE FUNCTION a(internal) RETURNS bool LANGUAGE internal AS 'array_typanalyze';
CREATE FUNCTION h(internal) RETURNS internal LANGUAGE internal IMMUTABLE STRICT AS 'raw_array_subscript_handler';

-- differs: a base type
-- or
CREATE TYPE y (input = i, output = o);

-- differs: another function of a base type
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o2);

-- differs: the input function of a base type
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i2, output = o);

-- differs: a base type that can be sent
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, send = s);

-- differs: a base type that can be received
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, receive = r);

-- differs: a base type that can be modified
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, typmod_in = varchartypmodin);

-- differs: how a base type's modifier is shown
CREATE TYPE y (input = i, output = o, typmod_in = varchartypmodin);
-- or
CREATE TYPE y (input = i, output = o, typmod_in = varchartypmodin, typmod_out = varchartypmodout);

-- differs: how a base type is analyzed
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, analyze = a);

-- differs: passed by value
CREATE TYPE y (input = i, output = o, internallength = 4);
-- or
CREATE TYPE y (input = i, output = o, internallength = 4, passedbyvalue);

-- differs: like text
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, like = text);

-- differs: length
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, internallength = 16);

-- differs: alignment
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, alignment = double);

-- differs: the storage of a base type
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, storage = extended);

-- differs: category
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, category = 'S');

-- differs: preferred
CREATE TYPE y (input = i, output = o, category = 'x');
-- or
CREATE TYPE y (input = i, output = o, category = 'x', preferred);

-- differs: the default of a base type
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, default = 'x');

-- differs: elements
CREATE TYPE y (input = i, output = o, internallength = 16);
-- or
CREATE TYPE y (input = i, output = o, internallength = 16, element = int, subscript = raw_array_subscript_handler);

-- differs: which elements
CREATE TYPE y (input = i, output = o, internallength = 16, element = bigint, subscript = raw_array_subscript_handler);
-- or
CREATE TYPE y (input = i, output = o, internallength = 16, element = int, subscript = raw_array_subscript_handler);

-- differs: how elements are got at
CREATE TYPE y (input = i, output = o, internallength = 16, element = int, subscript = h);
-- or
CREATE TYPE y (input = i, output = o, internallength = 16, element = int, subscript = raw_array_subscript_handler);

-- differs: a privilege on a base type
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o);
REVOKE USAGE ON TYPE y FROM PUBLIC;

-- differs: delimiter
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, delimiter = ';');

-- differs: collatable
CREATE TYPE y (input = i, output = o);
-- or
CREATE TYPE y (input = i, output = o, collatable);

-- differs: a type that is only announced
-- or
CREATE TYPE z;
