"""Downs that do not undo their ups: seen, repaired, said; or refused with nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import SyncFailed
from gitmig.operations.project import Project
from gitmig.operations.sync import sync
from tests.operations.conftest import Notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

BASE = "CREATE TABLE a (id int PRIMARY KEY, contents text NOT NULL);"
HISTORY = "SELECT version, way, note FROM gitmig.history WHERE action = 'revert' ORDER BY id"


@pytest.fixture
def repaired(sandbox: Sandbox, database: Database, run_sync: Sync) -> Callable[..., tuple[object, ...]]:
    """Apply BASE with one row and then a migration, and take that away again; returns its row of the history."""

    def go(up: str, down: str | None) -> tuple[object, ...]:
        sandbox.migration("0001_a", BASE, "DROP TABLE a;")
        run_sync()
        database.rows("INSERT INTO a VALUES (1, 'first')")
        path = sandbox.migration("0002_b", up, down)
        run_sync()
        (sandbox.root / path).unlink()
        assert run_sync() == ["- 0002_b"]
        assert database.columns("a") == ["id", "contents"]
        assert database.rows("TABLE a") == [(1, "first")]
        ((_, way, note),) = database.rows(HISTORY)
        return way, note

    return go


def test_a_down_that_undoes_its_up_needs_no_help(repaired: Callable[..., tuple[object, ...]]) -> None:
    up, down = "ALTER TABLE a RENAME contents TO body;", "ALTER TABLE a RENAME body TO contents;"
    assert repaired(up, down) == (None, None)


def test_what_a_down_forgets_is_put_right(repaired: Callable[..., tuple[object, ...]], database: Database) -> None:
    up = "CREATE TABLE b (id int); CREATE INDEX forgotten ON a (contents);"
    reason = "its down does not undo its up: it leaves index public.a.forgotten"
    assert repaired(up, "DROP TABLE b;") == ("completed", reason)
    assert database.rows("SELECT to_regclass('forgotten')") == [(None,)]


def test_a_down_that_does_nothing_is_put_right(repaired: Callable[..., tuple[object, ...]]) -> None:
    way, note = repaired("ALTER TABLE a RENAME contents TO body;", "")
    assert way == "completed"
    assert str(note).startswith(
        "its down does not undo its up: it leaves column public.a.body; lacks column public.a.contents"
    )


def test_a_down_that_fails_is_replaced(repaired: Callable[..., tuple[object, ...]]) -> None:
    way, note = repaired("CREATE VIEW v AS SELECT id FROM a;", "DROP TABLE v;")
    assert way == "computed"
    assert note == 'its down fails at migrations/0002_b.sql:4: "v" is not a table'


def test_a_missing_down_is_computed(repaired: Callable[..., tuple[object, ...]], database: Database) -> None:
    up = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE INDEX i ON a (contents);"
    assert repaired(up, None) == ("computed", "it has no down")
    assert database.rows("SELECT to_regproc('f')") == [(None,)]


def test_several_downs_that_are_right_together_are_believed(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """0003 forgets its index, but 0002 drops the table it is on."""
    sandbox.table("0001_a", "a")
    run_sync()
    paths = [sandbox.table("0002_b", "b"), sandbox.migration("0003_c", "CREATE INDEX i ON b (id);", "SELECT 1;")]
    run_sync()
    for path in paths:
        (sandbox.root / path).unlink()
    assert run_sync() == ["- 0003_c", "- 0002_b"]
    assert database.rows(HISTORY) == [("0003", None, None), ("0002", None, None)]


def test_the_migration_that_is_to_blame_is_named_among_several(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    paths = [
        sandbox.table("0002_b", "b"),
        sandbox.migration("0003_c", "CREATE INDEX i ON a (id);", "SELECT 1;"),
        sandbox.table("0004_d", "d"),
    ]
    run_sync()
    for path in paths:
        (sandbox.root / path).unlink()
    assert run_sync() == ["- 0004_d", "- 0003_c", "- 0002_b"]
    assert database.rows(HISTORY) == [
        ("0004", None, None),
        ("0003", "completed", "its down does not undo its up: it leaves index public.a.i"),
        ("0002", None, None),
    ]


def test_the_schema_before_the_first_migration_is_an_empty_one(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    path = sandbox.migration("0001_a", "CREATE TABLE a (id int); CREATE TABLE b (id int);", "DROP TABLE a;")
    run_sync()
    (sandbox.root / path).unlink()
    run_sync()
    assert database.tables() == []


def test_a_hook_says_which_down_does_not_undo_its_up(sandbox: Sandbox) -> None:
    sandbox.git("switch", "-q", "-c", "other")
    sandbox.migration("0001_a", "CREATE TABLE a (id int); CREATE TABLE b (id int);", "DROP TABLE a;")
    sandbox.gitmig("sync")
    sandbox.commit("A")
    result = sandbox.git("switch", "-q", "main")
    assert "- 0001_a" in result.out + result.err
    assert (
        "warning: 0001_a: its down does not undo its up: it leaves column public.b.id, table public.b; "
        "gitmig put the rest right"
    ) in result.out + result.err


def test_a_down_outside_a_transaction_is_looked_at_as_well(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.table("0001_a", "a")
    run_sync()
    path = sandbox.write(
        "migrations/0002_b.sql",
        "-- migrate:up transaction:false\n"
        "CREATE INDEX CONCURRENTLY i ON a (id); CREATE INDEX CONCURRENTLY j ON a (id);\n"
        "-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY i;\n",
    )
    run_sync()
    path.unlink()
    assert run_sync() == ["- 0002_b"]
    assert database.rows("SELECT to_regclass('i'), to_regclass('j')") == [(None, None)]
    assert database.rows(HISTORY)[0][1] == "completed"


def test_a_fingerprint_is_remembered_for_every_step_of_a_short_plan(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    for label, table in (("0001_a", "a"), ("0002_b", "b")):
        sandbox.table(label, table)
    run_sync()
    ((distinct, missing),) = database.rows(
        "SELECT count(DISTINCT fingerprint), count(*) FILTER (WHERE fingerprint IS NULL) FROM gitmig.applied"
    )
    assert (distinct, missing) == (2, 0)
    assert database.rows("SELECT fingerprint FROM gitmig.state") == database.rows(
        "SELECT fingerprint FROM gitmig.applied WHERE position = 2"
    )


def test_a_second_visit_asks_for_no_scratch_database(
    sandbox: Sandbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was built once is kept in the git directory."""
    sandbox.migration("0001_a", BASE, "DROP TABLE a;")
    path = sandbox.migration("0002_b", "CREATE INDEX i ON a (contents);", "")
    text = (sandbox.root / path).read_bytes()
    project = Project.load(sandbox.root, database.url)
    sync(project, Notebook())
    (sandbox.root / path).unlink()
    sync(project, Notebook())
    sandbox.write(path, text)
    sync(project, Notebook())
    (sandbox.root / path).unlink()
    monkeypatch.setattr("gitmig.operations.expected.scratch_database", None)
    assert [one.repair is not None for one in sync(project, Notebook()).done] == [True]


def test_a_view_of_all_columns_has_them_in_the_order_of_a_fresh_build(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (one int, two int, three int);", "DROP TABLE a;")
    path = sandbox.migration("0002_b", "ALTER TABLE a DROP two;", "ALTER TABLE a ADD two int;")
    run_sync()
    (sandbox.root / path).unlink()
    run_sync()
    assert database.columns("a") == ["one", "three", "two"]
    view = sandbox.migration("0003_v", "CREATE VIEW v AS SELECT a.* FROM a;", "DROP VIEW v;")
    sandbox.migration("0004_c", "CREATE TABLE c ();", "DROP TABLE c;")
    run_sync()
    assert database.columns("v") == ["one", "two", "three"]
    ((way, note),) = database.rows("SELECT way, note FROM gitmig.history WHERE name = 'v'")
    assert way == "completed"
    assert str(note).startswith("an earlier revert has moved columns to the end of their tables, and view public.v")
    assert run_sync() == []
    (sandbox.root / view).unlink()
    assert run_sync() == ["- 0004_c", "- 0003_v", "+ 0004_c"]


def test_an_instant_that_a_view_has_stored_stays_as_it_is(
    repaired: Callable[..., tuple[object, ...]], sandbox: Sandbox, database: Database
) -> None:
    sandbox.migration("0000_v", "CREATE VIEW v AS SELECT 'now'::timestamp AS built, 1 AS one;", "DROP VIEW v;")
    ups = "CREATE INDEX forgotten ON a (contents); CREATE TABLE b (id int);"
    assert repaired(ups, "DROP TABLE b;")[1] == "its down does not undo its up: it leaves index public.a.forgotten"
    ((age,),) = database.rows("SELECT built < (SELECT min(applied_at) FROM gitmig.applied) FROM v")
    assert age is True


TORN = (
    "CREATE OR REPLACE FUNCTION f() RETURNS int AS $ $ BEGIN IF true THEN RETURN 1; END IF; END; $ $ LANGUAGE plpgsql;"
)
FLAWED = [
    pytest.param(
        TORN, 'migrations/0002_b.sql:5: does not parse: syntax error at or near "$"', id="dollar quotes torn apart"
    ),
    pytest.param(
        "DROP TABLE b; ROLLBACK;",
        "migrations/0002_b.sql:5: ROLLBACK inside a script that runs in a transaction",
        id="a rollback",
    ),
    pytest.param(
        "COPY a FROM STDIN;",
        "migrations/0002_b.sql:5: COPY … FROM STDIN needs a client that sends the data",
        id="data for the client",
    ),
]
FLAWED_UP = "CREATE TABLE b (id int); ALTER TABLE a ADD n int;"


@pytest.mark.parametrize(("down", "reason"), FLAWED)
def test_a_down_that_must_not_be_sent_is_replaced_and_rows_are_kept(
    sandbox: Sandbox, database: Database, run_sync: Sync, down: str, reason: str
) -> None:
    sandbox.migration("0001_a", BASE, "DROP TABLE a;")
    path = sandbox.migration("0002_b", FLAWED_UP, f"-- why\n{down}")
    text = (sandbox.root / path).read_text()
    sandbox.table("0003_c", "c")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 'first', 7); INSERT INTO b VALUES (2)")
    for file in (sandbox.root / "migrations").glob("000[23]*"):
        file.unlink()
    assert run_sync() == ["- 0003_c", "- 0002_b"]
    assert (database.columns("a"), database.tables()) == (["id", "contents"], ["a"])
    assert database.rows(HISTORY) == [("0003", None, None), ("0002", "computed", f"its down fails at {reason}")]
    sandbox.write(path, text)
    assert run_sync() == ["+ 0002_b"]
    assert database.rows("TABLE a") == [(1, "first", 7)]
    assert database.rows("TABLE b") == [(2,)]


@pytest.mark.parametrize(("down", "reason"), FLAWED)
def test_without_verification_it_is_refused_with_nothing_changed(
    sandbox: Sandbox, database: Database, run_sync: Sync, down: str, reason: str
) -> None:
    sandbox.git("config", "gitmig.verify", "never")
    sandbox.migration("0001_a", BASE, "DROP TABLE a;")
    path = sandbox.migration("0002_b", FLAWED_UP, f"-- why\n{down}")
    sandbox.table("0003_c", "c")
    run_sync()
    (sandbox.root / path).unlink()
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message == f"reverting 0002_b failed at {reason}"
    assert caught.value.details[0].startswith(f"statement: {down}")
    assert "correct its down on a commit that has it" in str(caught.value.hint)
    assert (database.tables(), database.applied()) == (["a", "b", "c"], ["0001_a", "0002_b", "0003_c"])


def test_outside_a_transaction_it_is_refused_before_its_first_statement(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.migration("0001_a", BASE, "DROP TABLE a;")
    text = f"-- migrate:up\n{FLAWED_UP}\n-- migrate:down transaction:false\nDROP TABLE b;\nCOPY a FROM STDIN;\n"
    sandbox.write("migrations/0002_b.sql", text)
    run_sync()
    (sandbox.root / "migrations/0002_b.sql").unlink()
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    reason = "migrations/0002_b.sql:5: COPY … FROM STDIN needs a client that sends the data"
    assert caught.value.message == f"reverting 0002_b failed at {reason}"
    assert "--abandon" not in str(caught.value.hint)
    assert database.tables() == ["a", "b"]
    assert database.rows("SELECT count(*) FROM gitmig.unfinished") == [(0,)]


def test_an_up_that_writes_rows_does_not_try_such_a_down(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """A down is run on trial where rows could be at stake: its ROLLBACK would be that of the sync."""
    sandbox.migration("0001_a", BASE, "DROP TABLE a;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 'first')")
    sandbox.migration("0002_b", "UPDATE a SET contents = 'b';", "UPDATE a SET contents = 'a'; ROLLBACK;")
    assert run_sync() == ["+ 0002_b"]
    assert database.rows("TABLE a") == [(1, "b")]
    assert database.applied() == ["0001_a", "0002_b"]
