"""A row that the target has no place for is kept, and the rest goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.usefixtures("nothing_is_left")

if TYPE_CHECKING:
    from gitmig.operations.rebuild import Rebuilt
    from tests.conftest import Database, Sandbox
    from tests.rebuilding import Rebuild


def change(sandbox: Sandbox, database: Database, before: str, rows: str, after: str) -> None:
    """Sync with one migration, put rows in, and write another one in its place."""
    sandbox.migration("0001_a", before)
    sandbox.gitmig("sync")
    database.rows(rows)
    sandbox.migration("0001_a", after)


def asides(rebuilt: Rebuilt) -> list[tuple[str, int, str]]:
    return [(aside.table, aside.rows, aside.reason) for aside in rebuilt.aside]


@pytest.mark.parametrize(
    ("before", "after", "rows", "stay", "reason"),
    [
        ("v int", "v int NOT NULL", "(1, 1), (2, NULL), (3, 3)", [1, 3], 'null value in column "v" of relation "t"'),
        ("v int", "v int CHECK (v > 0)", "(1, 1), (2, -1), (3, 3)", [1, 3], 'new row for relation "t" violates check'),
        ("v int", "v int UNIQUE", "(1, 1), (2, 1), (3, 3)", [1, 3], "duplicate key value violates unique constraint"),
        ("v int", "v int UNIQUE DEFERRABLE", "(1, 1), (2, 1), (3, 3)", [1, 3], "duplicate key value"),
        (
            "v text",
            "v varchar(2)",
            "(1, 'a'), (2, E'a\\tb\\n'), (3, 'bc')",
            [1, 3],
            "value too long for type character",
        ),
        ("v text", "v int", "(1, '1'), (2, 'x'), (3, ' 3 ')", [1, 3], 'invalid input syntax for type integer: "x"'),
        ("v int", "w int NOT NULL", "(1, 1), (2, 2)", [], "column w needs a value"),
        ("v int", "w int NOT NULL DEFAULT 7", "(1, 1)", [1], "the target has no column v"),
    ],
    ids=["not null", "check", "unique", "deferred unique", "length", "type", "new column", "lost column"],
)
def test_rows_that_a_column_refuses_are_set_aside(
    sandbox: Sandbox,
    database: Database,
    rebuild: Rebuild,
    before: str,
    after: str,
    rows: str,
    stay: list[int],
    reason: str,
) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, {});"
    change(sandbox, database, table.format(before), f"INSERT INTO t VALUES {rows}", table.format(after))
    whole = database.rows("SELECT id, v::text FROM t ORDER BY id")
    rebuilt = rebuild()
    assert database.rows("SELECT id FROM t ORDER BY id") == [(n,) for n in stay]
    assert rebuilt.aside[0].reason.startswith(reason)
    kept = database.rows(f"SELECT c1, c2::text FROM gitmig_kept.item_{rebuilt.aside[0].item} ORDER BY c1")
    assert kept == (whole if "no column" in reason else [row for row in whole if row[0] not in stay])


@pytest.mark.parametrize(
    ("bad", "count"), [("n IN (1, 1000, 2345)", 3), ("true", 2345), ("n % 2 = 0", 1172)], ids=["a few", "all", "half"]
)
def test_rows_are_found_among_thousands(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, bad: str, count: int
) -> None:
    rows = f"INSERT INTO t SELECT CASE WHEN {bad} THEN -n ELSE n END FROM generate_series(1, 2345) n"
    change(sandbox, database, "CREATE TABLE t (id int);", rows, "CREATE TABLE t (id int CHECK (id > 0));")
    rebuilt = rebuild()
    assert (rebuilt.rows, [aside.rows for aside in rebuilt.aside]) == (2345 - count, [count])
    assert database.rows("SELECT count(*) FROM t WHERE id > 0") == [(2345 - count,)]


def test_a_table_that_the_target_lacks_is_kept(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    before = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int, m mood, d date); CREATE TABLE bare (id int);"
    change(sandbox, database, before, "INSERT INTO t VALUES (1, 'sad', '2020-01-01')", "SELECT 1;")
    assert asides(rebuild()) == [("public.t", 1, "the target has no such table")]
    assert database.rows("SELECT c1, c2 FROM gitmig_kept.item_1") == [(1, "sad")]
    assert database.rows("SELECT table_name, rows, direction FROM gitmig_kept.item") == [("t", 1, "revert")]
    assert database.tables() == []


def test_foreign_keys_set_aside_what_they_refuse_and_what_refers_to_it(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    """b refers to a, c refers to b, and in a circle a refers to c; the row of a with id 2 will not fit."""
    before = """
      CREATE TABLE a (id int PRIMARY KEY, c int);
      CREATE TABLE b (id int PRIMARY KEY, a int);
      CREATE TABLE c (id int PRIMARY KEY, b int);
    """
    after = """
      CREATE TABLE a (id int PRIMARY KEY CHECK (id <> 2), c int);
      CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE);
      CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b);
      ALTER TABLE a ADD CONSTRAINT circle FOREIGN KEY (c) REFERENCES c DEFERRABLE;
      COMMENT ON CONSTRAINT circle ON a IS 'x';
    """
    rows = """
      INSERT INTO a VALUES (1, 1), (2, NULL), (3, 3);
      INSERT INTO b VALUES (1, 1), (2, 2), (3, NULL);
      INSERT INTO c VALUES (1, 1), (2, 2), (3, 2);
    """
    change(sandbox, database, before, rows, after)
    rebuilt = rebuild()
    assert {carried.table: carried.rows for carried in rebuilt.carried} == {"public.a": 1, "public.b": 2, "public.c": 1}
    found = [(aside.table, aside.rows) for aside in rebuilt.aside]
    assert found == [("public.a", 1), ("public.b", 1), ("public.c", 2), ("public.a", 1)]
    left = [database.rows(f"SELECT id FROM {table} ORDER BY 1") for table in "abc"]
    assert left == [[(1,)], [(1,), (3,)], [(1,)]]


def test_what_is_not_valid_refuses_no_old_row(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    up = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE t (id int, a int);"
    late = """
      ALTER TABLE t ADD CONSTRAINT late CHECK (id > 0) NOT VALID;
      ALTER TABLE t ADD CONSTRAINT far FOREIGN KEY (a) REFERENCES a NOT VALID;
    """
    sandbox.migration("0001_a", up)
    sandbox.gitmig("sync")
    database.rows("INSERT INTO t VALUES (-1, 7)")
    sandbox.migration("0002_b", late)
    sandbox.gitmig("sync")
    rebuilt = rebuild()
    assert (database.rows("TABLE t"), rebuilt.aside) == ([(-1, 7)], ())
    assert database.rows("SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1") == [("far",), ("late",)]


def test_triggers_see_nothing_and_are_as_before(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    sandbox.migration(
        "0001_a",
        """
      CREATE TABLE t (id int); CREATE TABLE log (id int);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NULL; END $$;
      CREATE TRIGGER plain BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
      CREATE TRIGGER always BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
      ALTER TABLE t ENABLE ALWAYS TRIGGER always;
      CREATE TRIGGER off BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
      ALTER TABLE t DISABLE TRIGGER off;
      ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
      CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no DDL'; END $$;
      INSERT INTO t VALUES (0);
      CREATE EVENT TRIGGER no_ddl ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION e();
    """,
    )
    sandbox.gitmig("sync")
    database.rows("""
      ALTER EVENT TRIGGER no_ddl DISABLE; ALTER TABLE t DISABLE TRIGGER ALL; INSERT INTO t VALUES (5);
      ALTER TABLE t ENABLE TRIGGER plain; ALTER TABLE t ENABLE ALWAYS TRIGGER always; ALTER EVENT TRIGGER no_ddl ENABLE;
    """)
    before = database.rows("TABLE log")
    rebuild()
    assert (database.rows("TABLE t"), database.rows("TABLE log")) == ([(5,)], before)
    assert database.rows("SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1") == [
        ("always", "A"),
        ("off", "D"),
        ("plain", "O"),
    ]
    assert database.rows("SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'") == [(True,)]
    assert database.rows("SELECT evtenabled FROM pg_event_trigger") == [("O",)]


def test_rows_of_a_published_table_without_a_key_are_set_aside(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    tables = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (pid int); CREATE PUBLICATION pub FOR TABLE c;"
    sandbox.migration("0001_a", tables)
    sandbox.gitmig("sync")
    database.rows("INSERT INTO p VALUES (1); INSERT INTO c VALUES (1), (7)")
    sandbox.migration("0001_a", f"{tables} ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p;")
    assert [(one.table, one.rows) for one in rebuild().aside] == [("public.c", 1)]
    assert database.rows("TABLE c") == [(1,)]
    assert database.rows("SELECT relreplident FROM pg_class WHERE relname = 'c'") == [("d",)]
