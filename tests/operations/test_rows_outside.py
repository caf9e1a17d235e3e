"""Rows of scripts that run outside a transaction: what they take is kept, and comes back, as from any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import SyncFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

TABLE = ("CREATE TABLE u (id serial PRIMARY KEY, w text);", "DROP TABLE u;")
COLUMN = ("ALTER TABLE t ADD w text;", "ALTER TABLE t DROP COLUMN w;")
ROWS_OF_U = "INSERT INTO u (w) VALUES ('a'), ('b')"
# what the migration's sections are, who writes between, and what has to be there afterwards
WAYS = {
    "down": (TABLE[0], TABLE[1] + " VACUUM t;", ROWS_OF_U, "TABLE u"),
    "up": (TABLE[0] + " VACUUM u;", TABLE[1], ROWS_OF_U, "TABLE u"),
    "both": (TABLE[0] + " VACUUM u;", "VACUUM u; " + TABLE[1], ROWS_OF_U, "TABLE u"),
    "path": (TABLE[0], "SET search_path = pg_catalog; VACUUM public.t; DROP TABLE public.u;", ROWS_OF_U, "TABLE u"),
    "column": (COLUMN[0] + " VACUUM t;", COLUMN[1] + " VACUUM t;", "UPDATE t SET w = 'x'", "TABLE t"),
    "needed": (
        "VACUUM t; ALTER TABLE t ADD w text NOT NULL DEFAULT ''; ALTER TABLE t ALTER w DROP DEFAULT;",
        COLUMN[1] + " VACUUM t;",
        "UPDATE t SET w = 'x'",
        "TABLE t",
    ),
}


@pytest.mark.parametrize("option", ["", " transaction:false"])
@pytest.mark.parametrize("where", ["large", "always"])
@pytest.mark.parametrize("way", WAYS)
def test_tour(sandbox: Sandbox, database: Database, run_sync: Sync, way: str, where: str, option: str) -> None:
    """Away and back, twice: every row is there, and nothing is left that is kept."""
    up, down, writes, reads = WAYS[way]
    sandbox.git("config", "gitmig.runOutside", where)
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY, v int);", "DROP TABLE t;")
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 10), (2, 20)")
    path = "migrations/2_i.sql"
    text = f"-- migrate:up{option}\n{up}\n-- migrate:down{option}\n{down}\n"
    sandbox.write(path, text)
    run_sync()
    database.rows(writes)
    there = database.rows(reads)
    for _ in range(2):
        (sandbox.root / path).unlink()
        assert run_sync() == ["- 2_i"]
        assert database.rows("TABLE t") == [(1, 10), (2, 20)]
        sandbox.write(path, text)
        assert run_sync() == ["+ 2_i"]
        assert sorted(database.rows(reads), key=str) == sorted(there, key=str)
        assert database.rows("SELECT count(*) FROM gitmig_kept.item") == [(0,)]
    if reads == "TABLE u":
        assert database.rows("INSERT INTO u (w) VALUES ('c') RETURNING id") == [(3,)]


@pytest.mark.parametrize("direction", ["up", "down"])
def test_up_takes_and_down_brings_back(sandbox: Sandbox, database: Database, run_sync: Sync, direction: str) -> None:
    """What an up outside takes comes back with its down, outside or not."""
    vacuum = " VACUUM t;" if direction == "down" else ""
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY, v int);", "DROP TABLE t;")
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 10)")
    path = sandbox.migration("2_i", "ALTER TABLE t DROP COLUMN v; VACUUM t;", "ALTER TABLE t ADD v int;" + vacuum)
    run_sync()
    assert database.rows("TABLE t") == [(1,)]
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 2_i"]
    assert database.rows("TABLE t") == [(1, 10)]


def test_resumed_apply_brings_rows_back(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """Also where the script fails midway, and is finished by a later sync."""
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY);", "DROP TABLE t;")
    path = "migrations/2_i.sql"
    text = f"-- migrate:up\n{TABLE[0]}\nVACUUM u;\n%s\n-- migrate:down\n{TABLE[1]}\n"
    sandbox.write(path, text % "")
    run_sync()
    database.rows(ROWS_OF_U)
    (sandbox.root / path).unlink()
    run_sync()
    sandbox.write(path, text % "SELECT nonsense;")
    with pytest.raises(SyncFailed):
        run_sync()
    sandbox.write(path, text % "")
    assert run_sync() == ["+ 2_i"]
    assert database.rows("TABLE u") == [(1, "a"), (2, "b")]


def test_resumed_revert_is_put_right(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """What it leaves is no drift: nobody else has made it."""
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY);", "DROP TABLE t;")
    path = "migrations/2_i.sql"
    text = (
        "-- migrate:up\nALTER TABLE t ADD a int, ADD b int;\n"
        "-- migrate:down transaction:false\nALTER TABLE t DROP a;\nSELECT 1 / (SELECT count(*) - 1 FROM t);\n"
    )
    sandbox.write(path, text)
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 2, 3)")
    (sandbox.root / path).unlink()
    with pytest.raises(SyncFailed):
        run_sync()
    database.rows("INSERT INTO t VALUES (2, 3)")
    assert run_sync() == ["- 2_i"]
    assert database.columns("t") == ["id"]
    assert run_sync() == []
    sandbox.write(path, text)
    assert run_sync() == ["+ 2_i"]
    assert sorted(database.rows("SELECT id, a, b FROM t")) == [(1, 2, 3), (2, None, 3)]


BLOCK = """DO $$
DECLARE n int;
BEGIN
    FOR n IN 1..2 LOOP
        UPDATE t SET v = v + 1 WHERE id = n;
        %s;
    END LOOP;
END $$;"""


def test_block_that_commits_keeps_its_rows(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """Its commits are left out."""
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY, v int);", "DROP TABLE t;")
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 10), (2, 20)")
    path = sandbox.migration("2_i", BLOCK % "COMMIT", "VACUUM t;")
    run_sync()
    assert database.rows("TABLE t ORDER BY id") == [(1, 11), (2, 21)]
    (sandbox.root / path).unlink()
    run_sync()
    assert database.rows("TABLE t ORDER BY id") == [(1, 10), (2, 20)]


REFUSED = {
    "rolls back": ("", BLOCK % "ROLLBACK", "ends its transaction by itself"),
    "procedure": (
        f"CREATE PROCEDURE p() LANGUAGE plpgsql AS {(BLOCK % 'COMMIT').removeprefix('DO')}",
        "CALL p();",
        "ends its transaction by itself",
    ),
    "temporary": (
        "",
        "CREATE TEMP TABLE x AS SELECT 1 AS id; DELETE FROM t USING x WHERE t.id = x.id; VACUUM t;",
        "takes rows (rows of t)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_kept_is_refused(sandbox: Sandbox, database: Database, run_sync: Sync, case: str) -> None:
    before, script, message = REFUSED[case]
    sandbox.migration("1_t", f"CREATE TABLE t (id int PRIMARY KEY, v int); {before}", "DROP TABLE t;")
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 10), (2, 20)")
    sandbox.migration("2_i", f"ALTER TABLE t ADD w int; VACUUM t; {script}", "ALTER TABLE t DROP w;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert message in caught.value.message
    assert "is as it was before" in str(caught.value.hint)
    assert database.rows("TABLE t ORDER BY id") == [(1, 10), (2, 20)]
    assert database.rows("SELECT count(*) FROM gitmig.unfinished") == [(0,)]


def test_procedure_that_ends_nothing_is_kept_from(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """Nor is one refused where there is no row."""
    sandbox.migration("1_t", f"CREATE TABLE t (id int PRIMARY KEY, v int); {REFUSED['procedure'][0]}", "DROP TABLE t;")
    sandbox.migration("2_i", "CALL p(); VACUUM t;", "SELECT;")
    assert run_sync() == ["+ 1_t", "+ 2_i"]
    database.rows("INSERT INTO t VALUES (1, 10)")
    sandbox.migration(
        "3_p", "CREATE PROCEDURE r() LANGUAGE sql AS 'DELETE FROM t'; CALL r(); VACUUM t;", "DROP PROCEDURE r;"
    )
    run_sync()
    assert database.rows("TABLE t") == []
    (sandbox.root / "migrations/3_p.sql").unlink()
    run_sync()
    assert database.rows("TABLE t") == [(1, 10)]


def test_program_that_prints_what_takes_rows(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE k (id int);", "DROP TABLE t, k;")
    run_sync()
    database.rows("INSERT INTO t VALUES (1)")
    sandbox.program("2_i.sh", "#!/bin/sh\necho 'DROP TABLE t; VACUUM k;'\n")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "takes rows (table t) outside a transaction" in caught.value.message
    assert database.rows("TABLE t") == [(1,)]


def test_temporary_table_lasts(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("1_t", "CREATE TABLE t (id int PRIMARY KEY, v int);", "DROP TABLE t;")
    run_sync()
    database.rows("INSERT INTO t VALUES (1, 10)")
    script = "CREATE TEMP TABLE x AS SELECT 2 AS id; VACUUM t; INSERT INTO t SELECT id FROM x;"
    sandbox.migration("2_i", script, "SELECT;")
    run_sync()
    assert database.rows("SELECT id FROM t ORDER BY id") == [(1,), (2,)]
