"""Computed differences on tables with rows: what the statements are, and that the values are still there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.address import connect
from gitmig.schema.catalog import read_schema
from gitmig.schema.compare import difference
from gitmig.schema.model import Schema, schema_difference

if TYPE_CHECKING:
    from tests.conftest import Database


@dataclass(frozen=True, kw_only=True)
class Change:
    """Script a with rows; what script b builds; and the rows behind the way there (None: as before) and back."""

    a: str
    rows: str
    b: str
    look: str
    there: list[tuple[object, ...]]
    look_back: str = ""
    back: list[tuple[object, ...]] | None = None


CHANGES = {
    "a column is renamed": Change(
        a="CREATE TABLE t (id int PRIMARY KEY, contents text NOT NULL); CREATE INDEX i ON t (lower(contents))",
        rows="INSERT INTO t VALUES (1, 'x'), (2, 'y')",
        b="CREATE TABLE t (id int PRIMARY KEY, body text NOT NULL); CREATE INDEX i ON t (lower(body))",
        look="SELECT id, body FROM t ORDER BY id",
        there=[(1, "x"), (2, "y")],
        look_back="SELECT id, contents FROM t ORDER BY id",
    ),
    "a table moves to another schema, and its sequence with it": Change(
        a="CREATE SCHEMA s; CREATE TABLE t (id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY, x text)",
        rows="INSERT INTO t (x) VALUES ('x')",
        b="CREATE SCHEMA s; CREATE TABLE s.t (id serial PRIMARY KEY, i int GENERATED ALWAYS AS IDENTITY, x text)",
        look="SELECT id, x, nextval('s.t_id_seq') FROM s.t",
        there=[(1, "x", 2)],
        look_back="SELECT id, x, nextval('t_id_seq') FROM t",
        back=[(1, "x", 3)],
    ),
    "a table moves to a new schema": Change(
        a="CREATE TABLE t (id serial PRIMARY KEY, x text); CREATE INDEX i ON t (x)",
        rows="INSERT INTO t (x) VALUES ('x')",
        b="""
          CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO PUBLIC; COMMENT ON SCHEMA s IS 'x';
          CREATE TABLE s.t (id serial PRIMARY KEY, x text); CREATE INDEX i ON s.t (x)""",
        look="SELECT id, x FROM s.t",
        there=[(1, "x")],
        look_back="SELECT id, x FROM t",
    ),
    "two columns get akin names": Change(
        a="CREATE TABLE t (published date, updated date)",
        rows="INSERT INTO t VALUES ('2024-01-01', '2024-01-02')",
        b="CREATE TABLE t (published_at date, updated_at date)",
        look="SELECT published_at::text, updated_at::text FROM t",
        there=[("2024-01-01", "2024-01-02")],
        look_back="SELECT published::text, updated::text FROM t",
    ),
    "a table is renamed with all that is called after it": Change(
        a="""
          CREATE TABLE post (id serial PRIMARY KEY, name text UNIQUE, CHECK (name <> ''));
          CREATE INDEX post_lower ON post (lower(name));
          CREATE TABLE note (post_id int REFERENCES post);
          CREATE VIEW names AS SELECT name FROM post""",
        rows="INSERT INTO post (name) VALUES ('x'), ('y'); INSERT INTO note VALUES (2)",
        b="""
          CREATE TABLE article (id serial PRIMARY KEY, name text UNIQUE, CHECK (name <> ''));
          CREATE INDEX article_lower ON article (lower(name));
          CREATE TABLE note (post_id int REFERENCES article);
          CREATE VIEW names AS SELECT name FROM article""",
        look="SELECT id, name, nextval('article_id_seq') FROM article ORDER BY id",
        there=[(1, "x", 3), (2, "y", 4)],
        look_back="SELECT id, name FROM post ORDER BY id",
        back=[(1, "x"), (2, "y")],
    ),
    "an enum loses a value that is not in use": Change(
        a="""
          CREATE TYPE state AS ENUM ('new', 'old', 'odd');
          CREATE TABLE t (s state NOT NULL DEFAULT 'new', l state[], CHECK (s <> 'old' OR l IS NOT NULL));
          CREATE INDEX i ON t (s) WHERE s = 'new';
          CREATE VIEW v AS SELECT s FROM t;
          CREATE FUNCTION f(s state) RETURNS int LANGUAGE sql AS 'SELECT 1'""",
        rows="INSERT INTO t VALUES ('old', '{new,old}'), (DEFAULT, NULL)",
        b="""
          CREATE TYPE state AS ENUM ('old', 'new');
          CREATE TABLE t (s state NOT NULL DEFAULT 'new', l state[], CHECK (s <> 'old' OR l IS NOT NULL));
          CREATE INDEX i ON t (s) WHERE s = 'new';
          CREATE VIEW v AS SELECT s FROM t;
          CREATE FUNCTION f(s state) RETURNS int LANGUAGE sql AS 'SELECT 1'""",
        look="SELECT s::text, l::text FROM t ORDER BY t.s",
        there=[("old", "{new,old}"), ("new", None)],
        look_back="SELECT s::text, l::text FROM t ORDER BY t.s DESC",
    ),
    "an enum gets a value that is used at once": Change(
        a="CREATE TYPE state AS ENUM ('new'); CREATE TABLE t (s state NOT NULL DEFAULT 'new')",
        rows="INSERT INTO t DEFAULT VALUES",
        b="CREATE TYPE state AS ENUM ('raw', 'new'); CREATE TABLE t (s state NOT NULL DEFAULT 'raw')",
        look="SELECT s::text FROM t",
        there=[("new",)],
    ),
    "an enum gets a value that is used at once in an array": Change(
        a="CREATE TYPE state AS ENUM ('new'); CREATE TABLE t (s state[])",
        rows="INSERT INTO t VALUES ('{new}')",
        b="CREATE TYPE state AS ENUM ('new', 'a \"b\"''s'); CREATE TABLE t (s state[] DEFAULT '{\"a \\\"b\\\"''s\"}')",
        look="SELECT s::text FROM t",
        there=[("{new}",)],
    ),
    "an argument gets a new value of an enum": Change(
        a="CREATE TYPE state AS ENUM ('new'); CREATE TABLE t (s state)",
        rows="INSERT INTO t VALUES ('new')",
        b="""
          CREATE TYPE state AS ENUM ('new', 'old'); CREATE TABLE t (s state);
          CREATE FUNCTION f(a state[] DEFAULT '{new,old}') RETURNS int LANGUAGE sql AS 'SELECT 1'""",
        look="SELECT s::text FROM t",
        there=[("new",)],
    ),
    "an enum changes below a domain and a row type that columns have": Change(
        a="""
          CREATE TYPE state AS ENUM ('new', 'old'); CREATE DOMAIN d AS state; CREATE DOMAIN dd AS d;
          CREATE TYPE r AS (s state); CREATE TABLE t (a dd, b r)""",
        rows="INSERT INTO t VALUES ('old', '(old)')",
        b="""
          CREATE TYPE state AS ENUM ('old', 'new'); CREATE DOMAIN d AS state; CREATE DOMAIN dd AS d;
          CREATE TYPE r AS (s state); CREATE TABLE t (a dd, b r)""",
        look="SELECT a::text, b::text FROM t",
        there=[("old", "(old)")],
    ),
    "a range is over another type, and so is its multirange": Change(
        a="CREATE TYPE r AS RANGE (subtype = int4); CREATE TABLE t (a r, b r_multirange)",
        rows="INSERT INTO t VALUES ('[1,5)', '{[1,5)}')",
        b="CREATE TYPE r AS RANGE (subtype = int8); CREATE TABLE t (a r, b r_multirange)",
        look="SELECT a::text, b::text FROM t",
        there=[("[1,5)", "{[1,5)}")],
    ),
    "a range of which columns are compares otherwise": Change(
        a="CREATE TYPE r AS RANGE (subtype = text); CREATE TABLE t (a r)",
        rows="INSERT INTO t VALUES ('[a,b)')",
        b='CREATE TYPE r AS RANGE (subtype = text, collation = "C"); CREATE TABLE t (a r)',
        look="SELECT a::text FROM t",
        there=[("[a,b)",)],
    ),
    "a range over an enum that changes": Change(
        a="CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE r AS RANGE (subtype = e); CREATE TABLE t (a r)",
        rows="INSERT INTO t VALUES ('[a,b)')",
        b="CREATE TYPE e AS ENUM ('a', 'x', 'y', 'b'); CREATE TYPE r AS RANGE (subtype = e); CREATE TABLE t (a r)",
        look="SELECT a::text FROM t",
        there=[("[a,b)",)],
    ),
    "a range of which columns are is over another type": Change(
        a="CREATE TYPE r AS RANGE (subtype = int4); CREATE TABLE t (a r)",
        rows="INSERT INTO t VALUES ('[1,5)')",
        b="CREATE TYPE r AS RANGE (subtype = int8); CREATE TABLE t (a r)",
        look="SELECT a::text FROM t",
        there=[("[1,5)",)],
    ),
    "tables that refer to each other are not logged": Change(
        a="""
          CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE a (id int PRIMARY KEY REFERENCES b);
          CREATE TABLE c (id int PRIMARY KEY REFERENCES b REFERENCES a REFERENCES c)""",
        rows="INSERT INTO b VALUES (1); INSERT INTO a VALUES (1); INSERT INTO c VALUES (1)",
        b="""
          CREATE UNLOGGED TABLE b (id int PRIMARY KEY); CREATE UNLOGGED TABLE a (id int PRIMARY KEY REFERENCES b);
          CREATE UNLOGGED TABLE c (id int PRIMARY KEY REFERENCES b REFERENCES a REFERENCES c)""",
        look="SELECT id FROM a JOIN b USING (id) JOIN c USING (id)",
        there=[(1,)],
    ),
    "an enum gets values in the middle": Change(
        a="CREATE TYPE state AS ENUM ('b', 'd'); CREATE TABLE t (s state)",
        rows="INSERT INTO t VALUES ('d'), ('b')",
        b="CREATE TYPE state AS ENUM ('a', 'b', 'c', 'd', 'e'); CREATE TABLE t (s state)",
        look="SELECT s::text FROM t ORDER BY t.s",
        there=[("b",), ("d",)],
    ),
    "a label is renamed": Change(
        a="CREATE TYPE state AS ENUM ('new', 'old'); CREATE TABLE t (s state)",
        rows="INSERT INTO t VALUES ('old')",
        b="CREATE TYPE state AS ENUM ('new', 'ancient'); CREATE TABLE t (s state)",
        look="SELECT s::text FROM t",
        there=[("ancient",)],
        look_back="SELECT s::text FROM t",
        back=[("old",)],
    ),
    "a column of an enum becomes one of another": Change(
        a="CREATE TYPE x AS ENUM ('a', 'b'); CREATE TABLE t (s x DEFAULT 'a')",
        rows="INSERT INTO t VALUES ('b')",
        b="CREATE TYPE y AS ENUM ('b', 'c'); CREATE TABLE t (s y DEFAULT 'c')",
        look="SELECT s::text FROM t",
        there=[("b",)],
    ),
    "text becomes an enum": Change(
        a="CREATE TABLE t (s text NOT NULL DEFAULT 'a', CHECK (s IN ('a', 'b')))",
        rows="INSERT INTO t VALUES ('b')",
        b="CREATE TYPE x AS ENUM ('a', 'b'); CREATE TABLE t (s x NOT NULL DEFAULT 'a')",
        look="SELECT s::text FROM t",
        there=[("b",)],
    ),
    "a key that others refer to and a view shows gets wider": Change(
        a="""
          CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE u (t_id int REFERENCES t);
          CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS SELECT id FROM v;
          CREATE INDEX i ON m (id)""",
        rows="INSERT INTO t VALUES (DEFAULT), (DEFAULT); INSERT INTO u VALUES (2)",
        b="""
          CREATE TABLE t (id bigserial PRIMARY KEY); CREATE TABLE u (t_id bigint REFERENCES t);
          CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS SELECT id FROM v;
          CREATE INDEX i ON m (id)""",
        look="SELECT id, t_id FROM m LEFT JOIN u ON t_id = id ORDER BY id",
        there=[(1, None), (2, 2)],
    ),
    "a key and what refers to it become text": Change(
        a="CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (t_id int REFERENCES t ON DELETE CASCADE)",
        rows="INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)",
        b="CREATE TABLE t (id text PRIMARY KEY); CREATE TABLE u (t_id text REFERENCES t ON DELETE CASCADE)",
        look="SELECT id::text, t_id::text FROM t JOIN u ON t_id = id",
        there=[("1", "1")],
    ),
    "types without a cast between them": Change(
        a="CREATE TABLE t (a bigint DEFAULT 0, b text[], c boolean, d timestamp, e json, f varchar(9)[])",
        rows="""INSERT INTO t VALUES (20240101, '{1,2}', true, '2024-01-01', '{"a":1}', '{x}')""",
        b="CREATE TABLE t (a date DEFAULT '2024-01-01', b int[], c text, d timestamptz, e jsonb, f text[])",
        look="SELECT a::text, b, c, d IS NOT NULL, e::text, f FROM t",
        there=[("2024-01-01", [1, 2], "true", True, '{"a": 1}', ["x"])],
        look_back="SELECT count(*) FROM pg_class WHERE relname = 't'",  # dates are no numbers
        back=[(1,)],
    ),
    "a serial in place of an identity goes on behind the rows": Change(
        a="CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a int)",
        rows="INSERT INTO t (a) VALUES (1), (2)",
        b="CREATE TABLE t (id serial PRIMARY KEY, a int)",
        look="INSERT INTO t (a) VALUES (3) RETURNING id",
        there=[(3,)],
        back=[(4,)],
    ),
    "an identity for rows that are there": Change(
        a="CREATE TABLE t (id int PRIMARY KEY)",
        rows="INSERT INTO t VALUES (7), (-7)",
        b="CREATE TABLE t (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY)",
        look="INSERT INTO t VALUES (DEFAULT) RETURNING id",
        there=[(8,)],
        look_back="SELECT id FROM t ORDER BY id",
        back=[(-7,), (7,), (8,)],
    ),
    "an identity that counts downwards, for rows that are there": Change(
        a="CREATE TABLE t (id int PRIMARY KEY)",
        rows="INSERT INTO t VALUES (7), (-7)",
        b="CREATE TABLE t (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY (INCREMENT -1))",
        look="INSERT INTO t VALUES (DEFAULT) RETURNING id",
        there=[(-8,)],
        look_back="SELECT count(*) FROM t",
        back=[(3,)],
    ),
    "an identity that starts above the rows": Change(
        a="CREATE TABLE t (id int PRIMARY KEY)",
        rows="INSERT INTO t VALUES (-3)",
        b="CREATE TABLE t (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY)",
        look="INSERT INTO t VALUES (DEFAULT) RETURNING id",
        there=[(1,)],
        look_back="SELECT count(*) FROM t",
        back=[(2,)],
    ),
    "a sequence of one column goes on where it stood for another": Change(
        a="CREATE TABLE t (a int, b int); CREATE SEQUENCE s OWNED BY t.a",
        rows="SELECT setval('s', 5); INSERT INTO t VALUES (1, 9)",
        b="CREATE TABLE t (a int, b int); CREATE SEQUENCE s OWNED BY t.b",
        look="SELECT nextval('s')",
        there=[(6,)],
        back=[(7,)],
    ),
    "a sequence for a column that counts in texts": Change(
        a="CREATE TABLE t (a text)",
        rows="INSERT INTO t VALUES ('n1')",
        b="CREATE TABLE t (a text); CREATE SEQUENCE s OWNED BY t.a",
        look="SELECT a FROM t",
        there=[("n1",)],
    ),
    "a column that becomes serial": Change(
        a="CREATE TABLE t (id text PRIMARY KEY)",
        rows="INSERT INTO t VALUES ('3')",
        b="CREATE TABLE t (id serial PRIMARY KEY)",
        look="INSERT INTO t VALUES (DEFAULT) RETURNING id",
        there=[(4,)],
        look_back="SELECT id FROM t ORDER BY id",
        back=[("3",), ("4",)],
    ),
    "serial becomes identity": Change(
        a="CREATE TABLE t (id serial PRIMARY KEY, a int)",
        rows="INSERT INTO t (a) VALUES (7)",
        b="CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int)",
        look="SELECT id, a FROM t",
        there=[(1, 7)],
    ),
    "a computed column becomes a plain one": Change(
        a="CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED); CREATE INDEX i ON t (b)",
        rows="INSERT INTO t VALUES (3)",
        b="CREATE TABLE t (a int, b int); CREATE INDEX i ON t (b)",
        look="SELECT a, b FROM t",
        there=[(3, 6)],
    ),
    "a column is computed otherwise": Change(
        a="CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED, CHECK (b > 0))",
        rows="INSERT INTO t VALUES (3)",
        b="CREATE TABLE t (a bigint, b bigint GENERATED ALWAYS AS (a * 3) STORED, CHECK (b > 0))",
        look="SELECT a, b FROM t",
        there=[(3, 9)],
        look_back="SELECT a, b FROM t",
        back=[(3, 6)],
    ),
    "the type of a domain changes": Change(
        a="CREATE DOMAIN d AS varchar(9) CHECK (value <> ''); CREATE TABLE t (a d NOT NULL, b d[])",
        rows="INSERT INTO t VALUES ('x', '{y}')",
        b="CREATE DOMAIN d AS text CHECK (value <> ''); CREATE TABLE t (a d NOT NULL, b d[])",
        look="SELECT a::text, b::text FROM t",
        there=[("x", "{y}")],
    ),
    "a row type gets an attribute": Change(
        a="CREATE TYPE y AS (a int, b text); CREATE TABLE t (c y)",
        rows="INSERT INTO t VALUES ((1, 'x'))",
        b="CREATE TYPE y AS (a int, b text, c int); CREATE TABLE t (c y)",
        look="SELECT c::text FROM t",
        there=[("(1,x,)",)],
        look_back="SELECT c::text FROM t",
        back=[("(1,x)",)],
    ),
    "a function that columns, checks, indexes and policies use has another result": Change(
        a="""
          CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a';
          CREATE TABLE t (a int DEFAULT f(1), b int GENERATED ALWAYS AS (f(a)) STORED, CHECK (f(a) > 0));
          CREATE INDEX i ON t (f(a)); CREATE POLICY p ON t USING (f(a) = 1); CREATE VIEW v AS SELECT f(a) FROM t""",
        rows="INSERT INTO t VALUES (3)",
        b="""
          CREATE FUNCTION f(a int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT a::bigint';
          CREATE TABLE t (a int DEFAULT f(1), b int GENERATED ALWAYS AS (f(a)) STORED, CHECK (f(a) > 0));
          CREATE INDEX i ON t (f(a)); CREATE POLICY p ON t USING (f(a) = 1); CREATE VIEW v AS SELECT f(a) FROM t""",
        look="SELECT a, b FROM t",
        there=[(3, 3)],
    ),
    "functions and tables that need each other": Change(
        a="CREATE TABLE k (a int)",
        rows="INSERT INTO k VALUES (1)",
        b="""
          CREATE TABLE k (a int);
          CREATE TABLE t (a int);
          CREATE FUNCTION f(t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a';
          CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int FROM t; END;
          ALTER TABLE t ADD b int DEFAULT g(), ADD CHECK (f(t) > 0);
          CREATE VIEW v AS SELECT t, f(t) FROM t;
          CREATE TABLE u (v v, t t)""",
        look="SELECT a FROM k",
        there=[(1,)],
    ),
    "a view takes the place of a table": Change(
        a="CREATE TABLE t (a int); CREATE TABLE k (a int); CREATE VIEW w AS SELECT a FROM k",
        rows="INSERT INTO k VALUES (1)",
        b="CREATE VIEW t AS SELECT 1 AS a; CREATE TABLE k (a int); CREATE TABLE w (a int)",
        look="SELECT a FROM k",
        there=[(1,)],
    ),
    "tables that refer to each other come and go": Change(
        a="CREATE TABLE k (a int)",
        rows="INSERT INTO k VALUES (1)",
        b="""
          CREATE TABLE k (a int);
          CREATE TABLE t (a int PRIMARY KEY, b int);
          CREATE TABLE u (a int PRIMARY KEY REFERENCES t);
          ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES u, ADD FOREIGN KEY (b) REFERENCES t""",
        look="SELECT a FROM k",
        there=[(1,)],
    ),
    "partitions get the index of their parent": Change(
        a="CREATE TABLE t (a int, b int) PARTITION BY RANGE (a); CREATE TABLE t_1 PARTITION OF t DEFAULT",
        rows="INSERT INTO t VALUES (1, 2)",
        b="""
          CREATE TABLE t (a int, b bigint, PRIMARY KEY (a)) PARTITION BY RANGE (a); CREATE INDEX i ON t (b);
          CREATE TABLE t_1 PARTITION OF t DEFAULT""",
        look="SELECT a, b, (SELECT count(*) FROM pg_indexes WHERE tablename = 't_1') FROM t",
        there=[(1, 2, 2)],
        look_back="SELECT a, b, (SELECT count(*) FROM pg_indexes WHERE tablename = 't_1') FROM t",
        back=[(1, 2, 0)],
    ),
    "an index takes the place of a key": Change(
        a="CREATE TABLE t (a int, b int, CONSTRAINT k UNIQUE (a)); CREATE INDEX j ON t (b)",
        rows="INSERT INTO t VALUES (1, 2)",
        b="CREATE TABLE t (a int, b int, CONSTRAINT j UNIQUE (b)); CREATE UNIQUE INDEX k ON t (a)",
        look="SELECT a, b FROM t",
        there=[(1, 2)],
    ),
}


def _build(database: Database, script: str) -> Schema:
    database.rows(script)
    return _read(database)


def _read(database: Database) -> Schema:
    with connect(database.url, "test") as connection:
        return read_schema(connection, edges=True)


def _become(database: Database, wanted: Schema) -> None:
    found = _read(database)
    computed = difference(found, Schema.from_json(wanted.to_json()))
    told = ";\n".join(computed.statements)
    assert computed.unhandled == ()
    with connect(database.url, "test") as connection, connection.transaction():
        for statement in computed.statements:
            connection.execute(statement.encode())
    assert schema_difference(wanted, _read(database)).names == (), told
    assert "CASCADE" not in told.replace("ON DELETE CASCADE", "")


def test_the_type_of_a_partition_key_is_left_alone_and_named(database: Database) -> None:
    wanted = _build(
        database, "CREATE TYPE y AS ENUM ('a'); CREATE TABLE t (a y, b text) PARTITION BY RANGE ((a IS NULL))"
    )
    database.rows("DROP TABLE t; DROP TYPE y")
    found = _build(
        database,
        """
        CREATE TYPE y AS ENUM ('b', 'a'); CREATE TABLE t (a y) PARTITION BY RANGE ((a IS NULL));
        CREATE TABLE t_1 PARTITION OF t DEFAULT PARTITION BY LIST (a)""",
    )
    computed = difference(found, wanted)
    assert [str(name) for name in computed.unhandled] == ["enum public.y"]
    assert computed.statements == ("ALTER TABLE public.t ADD COLUMN b text",)


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
def test_values_stay(change: Change, database: Database) -> None:
    b = _build(database, change.b)
    database.rows("DROP SCHEMA IF EXISTS s CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    a = _build(database, change.a)
    database.rows(change.rows)
    _become(database, b)
    assert database.rows(change.look) == change.there
    if change.look_back == "SELECT count(*) FROM pg_class WHERE relname = 't'":
        database.rows("TRUNCATE t")
    _become(database, a)
    assert database.rows(change.look_back or change.look) == (change.there if change.back is None else change.back)
