"""Downs that do not undo their ups: seen, repaired, said; or refused with nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import SyncFailed
from gitmig.operations.sync import sync
from gitmig.project.project import Project

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
    assert (way, note) == ("computed", "its down has no statement")


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
    sync(project)
    (sandbox.root / path).unlink()
    sync(project)
    sandbox.write(path, text)
    sync(project)
    (sandbox.root / path).unlink()
    monkeypatch.setattr("gitmig.execute.scratch.scratch_database", None)
    assert [one.repair is not None for one in sync(project).done] == [True]


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


def test_a_down_that_fails_is_replaced_where_it_stands_and_the_others_run_as_written(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    paths = [
        sandbox.migration("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b; INSERT INTO a VALUES (2);"),
        sandbox.migration("0003_c", "CREATE TABLE c (id int);", "DROP VIEW c;"),
        sandbox.migration("0004_d", "CREATE TABLE d (id int);", "DROP TABLE d; INSERT INTO a VALUES (4);"),
    ]
    run_sync()
    for path in paths:
        (sandbox.root / path).unlink()
    assert run_sync() == ["- 0004_d", "- 0003_c", "- 0002_b"]
    assert database.tables() == ["a"]
    assert database.rows("SELECT id FROM a ORDER BY id") == []  # there were none before the branch
    assert database.rows(HISTORY) == [
        ("0004", None, None),
        ("0003", "computed", 'its down fails at migrations/0003_c.sql:4: "c" is not a view'),
        ("0002", None, None),
    ]


def test_a_down_runs_once_more_when_what_stood_in_its_way_is_gone(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """0003 forgets its view, without which the table of 0002 could be dropped."""
    sandbox.table("0001_a", "a")
    run_sync()
    paths = [
        sandbox.migration("0002_b", "CREATE TABLE b AS SELECT 7 AS id;", "INSERT INTO a TABLE b; DROP TABLE b;"),
        sandbox.migration("0003_v", "CREATE VIEW v AS SELECT id FROM b;", "SELECT 1;"),
    ]
    run_sync()
    for path in paths:
        (sandbox.root / path).unlink()
    assert run_sync() == ["- 0003_v", "- 0002_b"]
    assert database.tables() == ["a"]
    assert database.rows("SELECT id FROM a") == []  # there were none before the branch
    assert database.rows(HISTORY) == [
        ("0003", "completed", "its down does not undo its up: it leaves column public.v.id, view public.v"),
        ("0002", None, None),
    ]


def test_each_of_several_that_leave_something_is_named_with_its_own(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int, n int);", "DROP TABLE a;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 10)")
    ups = {
        "0002_i": "CREATE INDEX i ON a (n);",
        "0003_b": "CREATE TABLE b (id serial PRIMARY KEY, a int);",
        "0004_x": "ALTER TABLE a ADD x text DEFAULT 'x';",
        "0005_d": "CREATE TABLE d (id int);",
    }
    for label, up in ups.items():
        sandbox.migration(label, up, "DROP TABLE d;" if label == "0005_d" else "SELECT 1;")
    run_sync()
    database.rows("INSERT INTO b (a) VALUES (1); UPDATE a SET x = 'y'")
    texts = {path: path.read_text() for path in sorted((sandbox.root / "migrations").glob("000[2-5]*"))}
    for path in texts:
        path.unlink()
    assert run_sync() == ["- 0005_d", "- 0004_x", "- 0003_b", "- 0002_i"]
    assert (database.tables(), database.columns("a")) == (["a"], ["id", "n"])
    left = "its down does not undo its up: it leaves"
    assert database.rows(HISTORY) == [
        ("0005", None, None),
        ("0004", "completed", f"{left} column public.a.x"),
        (
            "0003",
            "completed",
            f"{left} column public.b.a, column public.b.id, constraint public.b.b_id_not_null and 4 more"
            if database.rows("SELECT current_setting('server_version_num')::int >= 180000") == [(True,)]
            else f"{left} column public.b.a, column public.b.id, constraint public.b.b_pkey and 3 more",
        ),
        ("0002", "completed", f"{left} index public.a.i"),
    ]
    for path, text in texts.items():
        path.write_text(text)
    run_sync()
    assert database.rows("TABLE b") == [(1, 1)]
    assert database.rows("TABLE a") == [(1, 10, "y")]


def test_a_place_where_the_database_was_is_remembered_also_when_it_is_left(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.table("0001_a", "a")
    paths = [sandbox.root / sandbox.table(f"000{n}_t", f"t{n}") for n in (2, 3)]
    texts = [path.read_text() for path in paths]
    run_sync()
    measured = database.rows("SELECT fingerprint FROM gitmig.applied ORDER BY position")
    for path in paths:
        path.unlink()
    run_sync()
    for path, text in zip(paths, texts):
        path.write_text(text)
    database.rows("UPDATE gitmig.measured SET at = at - interval '1 day'")
    monkeypatch.setattr("gitmig.execute.executor.SHORT", 0)  # as in a longer plan, nothing is measured on the way
    assert run_sync() == ["+ 0002_t", "+ 0003_t"]
    assert database.rows("SELECT fingerprint FROM gitmig.applied ORDER BY position") == measured
    assert database.rows("SELECT count(*) FROM gitmig.measured") == [(3,)]


def test_of_very_many_places_the_oldest_are_forgotten(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmig.ledger.store.MOST_MEASURED", 2)
    for n in range(1, 5):
        sandbox.table(f"000{n}_t", f"t{n}")
        run_sync()
    assert database.rows("SELECT fingerprint FROM gitmig.measured ORDER BY at") == database.rows(
        "SELECT fingerprint FROM gitmig.applied WHERE position > 2 ORDER BY position"
    )


def test_a_ledger_that_notes_no_renames_is_upgraded_and_they_are_guessed(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", BASE, "DROP TABLE a;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 'first')")
    path = sandbox.migration("0002_b", "ALTER TABLE a RENAME contents TO body;", None)
    run_sync()
    assert database.rows("SELECT renamings FROM gitmig.applied ORDER BY position") == [
        ([],),
        ([["column", "public.a.contents", "public.a.body"]],),
    ]
    database.rows(
        "ALTER TABLE gitmig.applied DROP renamings, DROP printed; DROP TABLE gitmig.measured, gitmig.last_sync;"
        "UPDATE gitmig.state SET ledger_version = 4"
    )
    number = "SELECT attnum FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname IN ('body', 'contents')"
    before = database.rows(number)
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_b"]
    assert database.rows(number) == before
    assert database.rows("TABLE a") == [(1, "first")]


def test_a_schema_is_built_of_the_whole_stack_although_the_ledger_has_forgotten_what_was_reverted_by_then(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """Each step commits by itself; nobody has measured the schemas in the middle."""
    sandbox.git("config", "gitmig.runOutside", "always")
    for n in range(1, 7):
        up, down = f"CREATE TABLE t{n} (id int); INSERT INTO t{n} VALUES ({n});", f"DROP TABLE t{n};"
        text = f"-- migrate:up transaction:false\n{up}\n-- migrate:down transaction:false\n{down}\n"
        sandbox.write(f"migrations/{n:04}_t.sql", text)
    run_sync()
    assert database.rows("SELECT count(fingerprint) FROM gitmig.applied WHERE position < 6") == [(0,)]
    for n in range(2, 7):
        (sandbox.root / f"migrations/{n:04}_t.sql").unlink()
    assert run_sync() == [f"- {n:04}_t" for n in range(6, 1, -1)]
    assert database.tables() == ["t1"]
