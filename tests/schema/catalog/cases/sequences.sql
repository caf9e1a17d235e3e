-- Sequences and whom they belong to. How far they have counted is data.

-- before
CREATE TABLE t (a int, b int);
CREATE SEQUENCE s;

-- differs: a sequence
-- or
CREATE SEQUENCE r;

-- differs: a type
-- or
ALTER SEQUENCE s AS int;

-- differs: a start
-- or
ALTER SEQUENCE s START 5;

-- differs: an increment
-- or
ALTER SEQUENCE s INCREMENT 5;

-- differs: downwards
-- or
DROP SEQUENCE s;
CREATE SEQUENCE s INCREMENT -1;

-- differs: a minimum
-- or
ALTER SEQUENCE s MINVALUE 0;

-- differs: a maximum
-- or
ALTER SEQUENCE s MAXVALUE 500;

-- differs: a cache
-- or
ALTER SEQUENCE s CACHE 5;

-- differs: a cycle
-- or
ALTER SEQUENCE s CYCLE;

-- differs: an owner
-- or
ALTER SEQUENCE s OWNED BY t.a;

-- differs: which column owns
ALTER SEQUENCE s OWNED BY t.a;
-- or
ALTER SEQUENCE s OWNED BY t.b;

-- differs: unlogged (since 15)
-- or
ALTER SEQUENCE s SET UNLOGGED;

-- differs: an unlogged table's sequence that is logged (since 15)
CREATE UNLOGGED TABLE u (a int GENERATED ALWAYS AS IDENTITY);
-- or
CREATE UNLOGGED TABLE u (a int GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE u_a_seq SET LOGGED;

-- differs: a bound that is the default of another type
ALTER SEQUENCE s MAXVALUE 2147483647;
-- or
ALTER SEQUENCE s AS int;

-- same: an owner there and back
-- or
ALTER SEQUENCE s OWNED BY t.a;
ALTER SEQUENCE s OWNED BY NONE;

-- same: advanced
-- or
SELECT nextval('s'), nextval('s'), setval('s', 100);

-- same: restarted
-- or
ALTER SEQUENCE s RESTART WITH 7;

-- same: options there and back
-- or
ALTER SEQUENCE s AS smallint INCREMENT 5 MINVALUE 0 MAXVALUE 10 START 3 CACHE 4 CYCLE;
ALTER SEQUENCE s AS bigint INCREMENT 1 NO MINVALUE NO MAXVALUE START 1 CACHE 1 NO CYCLE;

-- same: the owner's column was renamed
ALTER SEQUENCE s OWNED BY t.a;
-- or
ALTER TABLE t RENAME a TO x;
ALTER SEQUENCE s OWNED BY t.x;
ALTER TABLE t RENAME x TO a;

-- before
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);

-- differs: the sequence of an identity is renamed
-- or
ALTER SEQUENCE t_a_seq RENAME TO s;

-- differs: the sequence of an identity is changed
-- or
ALTER TABLE t ALTER a SET INCREMENT 7;

-- differs: a table with an identity is renamed, its sequence is not
DROP TABLE t;
CREATE TABLE u (a int GENERATED ALWAYS AS IDENTITY);
-- or
ALTER TABLE t RENAME TO u;
