"""Objects keep their identity on a computed way back: what the up renamed or moved is the same thing, with its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

BASE = (
    "CREATE SCHEMA s; CREATE TYPE mood AS ENUM ('ok', 'bad');"
    "CREATE TABLE t (id serial PRIMARY KEY, a int NOT NULL, b text, m mood DEFAULT 'ok');"
    "CREATE INDEX t_b ON t (b); CREATE VIEW v AS SELECT id, b FROM t;"
    "CREATE FUNCTION f(x mood) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    "CREATE TABLE u (id int PRIMARY KEY REFERENCES t, n int GENERATED ALWAYS AS IDENTITY);"
)
ROWS = "INSERT INTO t (a, b) VALUES (1, 'one'), (2, 'two'); INSERT INTO u (id) VALUES (1), (2)"
UPS = {
    "a table and its type": "DROP VIEW v; ALTER TABLE t RENAME TO w; ALTER TABLE w ALTER a TYPE bigint;",
    "a column and its type": "DROP VIEW v; ALTER TABLE t RENAME b TO c; ALTER TABLE t ALTER c TYPE varchar(20);",
    "two columns of one type": "ALTER TABLE t ADD c int; ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME c TO y;",
    "another schema and name": "ALTER TABLE t SET SCHEMA s; ALTER TABLE s.t RENAME TO w; ALTER TABLE s.w ADD z int;",
    "names that were swapped": "ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; ALTER TABLE x RENAME TO u;",
    "columns that were swapped": "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a;"
    "ALTER TABLE t RENAME x TO b;",
    "a new one in its place": "ALTER TABLE u RENAME TO old; CREATE TABLE u (id int PRIMARY KEY, more text);",
    "a type and a function": "ALTER TYPE mood RENAME TO spirit; ALTER TYPE spirit ADD VALUE 'new';"
    "ALTER FUNCTION f(spirit) RENAME TO g;",
    "a sequence and an index": "ALTER SEQUENCE t_id_seq RENAME TO numbers; ALTER SEQUENCE numbers INCREMENT 5;"
    "ALTER INDEX t_b RENAME TO other;",
    "a whole schema": "ALTER TABLE t SET SCHEMA s; ALTER SCHEMA s RENAME TO r; CREATE TABLE r.more (id int);",
}


@pytest.mark.parametrize("up", UPS.values(), ids=UPS)
def test_what_was_renamed_has_its_rows_under_the_old_name(
    sandbox: Sandbox, database: Database, run_sync: Sync, up: str
) -> None:
    sandbox.migration("0001_base", BASE, "SELECT 1;")
    run_sync()
    database.rows(ROWS)
    oids = "SELECT 't'::regclass::oid, 'u'::regclass::oid, 'mood'::regtype::oid, 't_id_seq'::regclass::oid"
    before = database.rows(oids)
    path = sandbox.migration("0002_up", up, None)
    run_sync()
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_up"]
    assert database.rows("SELECT id, a, b, m::text FROM t ORDER BY id") == [(1, 1, "one", "ok"), (2, 2, "two", "ok")]
    assert database.rows("SELECT id, n FROM u ORDER BY id") == [(1, 1), (2, 2)]
    after = database.rows(oids)
    assert after == before or ("mood" in up and after[0][:2] == before[0][:2])  # a label cannot be taken away
    assert database.rows("SELECT nextval('t_id_seq') > 2") == [(True,)]


def test_a_name_that_a_down_has_given_back_is_left_alone(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_base", "CREATE TABLE a (i int); CREATE TABLE b (i int);", "SELECT 1;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1)")
    up = "DROP TABLE b; ALTER TABLE a RENAME TO b; CREATE TABLE c ();"
    path = sandbox.migration("0002_up", up, "ALTER TABLE b RENAME TO a; CREATE TABLE b (i int);")
    run_sync()
    (sandbox.root / path).unlink()
    run_sync()
    assert database.tables() == ["a", "b"]
    assert (database.rows("TABLE a"), database.rows("TABLE b")) == ([(1,)], [])


PARTED = (
    "ALTER TABLE {0} RENAME TO t_old; CREATE TABLE {0} (LIKE t_old INCLUDING DEFAULTS) PARTITION BY {1};"
    "CREATE TABLE t_0 PARTITION OF {0} {2}; INSERT INTO {0} {3} SELECT * FROM t_old; DROP TABLE t_old;"
)
PARTITIONINGS = {
    "hash": ("HASH (tag)", "FOR VALUES WITH (MODULUS 1, REMAINDER 0)"),
    "range": ("RANGE (v)", "FOR VALUES FROM (0) TO (1000)"),
    "list": ("LIST (tag)", "DEFAULT"),
}


@pytest.mark.parametrize("how", PARTITIONINGS.values(), ids=PARTITIONINGS)
def test_a_table_that_was_made_partitioned_is_plain_again_with_its_rows(
    sandbox: Sandbox, database: Database, run_sync: Sync, how: tuple[str, str]
) -> None:
    sandbox.migration("0001_base", "CREATE TABLE t (tag text, v int);", "SELECT 1;")
    run_sync()
    database.rows("INSERT INTO t VALUES ('a', 1), ('a', 1), ('b', 2)")
    path = sandbox.migration("0002_up", PARTED.format("t", *how, ""), None)
    text = (sandbox.root / path).read_bytes()
    for _ in range(2):
        run_sync()
        (sandbox.root / path).unlink()
        assert run_sync() == ["- 0002_up"]
        assert database.rows("SELECT relkind::text FROM pg_class WHERE relname = 't'") == [("r",)]
        assert database.rows("TABLE t ORDER BY v") == [("a", 1), ("a", 1), ("b", 2)]
        sandbox.write(path, text)


def test_a_partitioned_table_with_a_key_a_view_and_a_foreign_key_is_plain_again(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    base = "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v int); CREATE INDEX t_v ON t (v);"
    sandbox.migration("0001_base", base + "CREATE VIEW w AS SELECT v FROM t;", "SELECT 1;")
    run_sync()
    database.rows("INSERT INTO t (v) VALUES (10), (20), (30)")
    up = (
        "DROP VIEW w; ALTER TABLE t RENAME TO t_old; ALTER INDEX t_pkey RENAME TO t_old_pkey;"
        "ALTER INDEX t_v RENAME TO t_old_v;"
        "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v int) PARTITION BY HASH (id);"
        "CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE INDEX t_v ON t (v);"
        "INSERT INTO t SELECT * FROM t_old; DROP TABLE t_old;"
        "SELECT setval(pg_get_serial_sequence('t', 'id'), 30); CREATE TABLE x (id int REFERENCES t);"
        "CREATE VIEW w AS SELECT v, v AS again FROM t;"
    )
    path = sandbox.migration("0002_up", up, None)
    run_sync()
    database.rows("INSERT INTO t (v) VALUES (40)")
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_up"]
    assert database.rows("TABLE t ORDER BY v") == [(1, 10), (2, 20), (3, 30), (31, 40)]
    assert database.rows("INSERT INTO t (v) VALUES (50) RETURNING id") == [(32,)]


def test_a_table_that_was_made_plain_is_partitioned_again_with_its_rows(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    base = (
        "CREATE TABLE t (tag text, v int) PARTITION BY LIST (tag); CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a');"
    )
    sandbox.migration("0001_base", base, "SELECT 1;")
    run_sync()
    database.rows("INSERT INTO t VALUES ('a', 1), ('a', 1)")
    up = "CREATE TABLE p (tag text, v int); INSERT INTO p SELECT * FROM t; DROP TABLE t; ALTER TABLE p RENAME TO t;"
    path = sandbox.migration("0002_up", up, None)
    run_sync()
    database.rows("INSERT INTO t VALUES ('z', 3)")
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_up"]
    assert database.rows("SELECT relkind::text FROM pg_class WHERE relname = 't'") == [("p",)]
    assert database.rows("TABLE t ORDER BY v") == [("a", 1), ("a", 1), ("z", 3)]


def test_a_table_that_was_made_partitioned_in_another_schema_comes_back_with_its_rows(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_base", "CREATE SCHEMA s; CREATE TABLE t (tag text, v int);", "SELECT 1;")
    run_sync()
    database.rows("INSERT INTO t VALUES ('a', 1), ('a', 1)")
    up = (
        "CREATE TABLE s.t (tag text, v int) PARTITION BY LIST (tag); CREATE TABLE s.d PARTITION OF s.t DEFAULT;"
        "INSERT INTO s.t SELECT * FROM t; DROP TABLE t;"
    )
    path = sandbox.migration("0002_up", up, None)
    run_sync()
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_up"]
    assert database.rows("TABLE t ORDER BY v") == [("a", 1), ("a", 1)]
