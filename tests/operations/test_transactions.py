"""Scripts with transactions of their own: in gitmig's as long as that is enough, else block by block."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import SyncFailed
from gitmig.events import Event, ScriptResumed, StepsCommitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

BASE = "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (id int PRIMARY KEY, m mood);"
BASE_DOWN = "DROP TABLE a; DROP TYPE mood;"
REPAIRS = "SELECT way FROM gitmig.history WHERE action = 'revert' AND way IS NOT NULL"

# up, down: as they stand in public histories, shortened
SEVERAL = (
    "ALTER TABLE a ADD n int;\nBEGIN;\nUPDATE a SET n = 1;\nALTER TABLE a ALTER n SET NOT NULL;\nCOMMIT;\n"
    "BEGIN;\nCREATE INDEX a_n ON a (n);\nCOMMIT;\nBEGIN;\nCREATE TABLE b (id int);\nCOMMIT;\n",
    "BEGIN;\nDROP TABLE b;\nCOMMIT;\nBEGIN;\nALTER TABLE a DROP COLUMN n;\nCOMMIT;",
)
LONE = ("ALTER TABLE a ADD n int;\nCREATE TABLE b (id int);\nCOMMIT;", "DROP TABLE b;\nALTER TABLE a DROP n;\nCOMMIT;")
OPEN = ("BEGIN;\nALTER TABLE a ADD n int;\nCREATE TABLE b (id int);", "BEGIN;\nDROP TABLE b;\nALTER TABLE a DROP n;")


@pytest.mark.parametrize("scripts", [SEVERAL, LONE, OPEN], ids=["several blocks", "a lone COMMIT", "a lone BEGIN"])
def test_there_and_back_in_one_transaction_and_rows_are_kept(
    sandbox: Sandbox, database: Database, run_sync: Sync, scripts: tuple[str, str]
) -> None:
    sandbox.migration("0001_a", BASE, BASE_DOWN)
    run_sync()
    database.rows("INSERT INTO a VALUES (1)")
    path = sandbox.migration("0002_b", *scripts)
    run_sync()
    database.rows("UPDATE a SET n = 7; INSERT INTO b VALUES (1)")
    text = (sandbox.root / path).read_text()
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_b"]
    assert (database.columns("a"), database.tables()) == (["id", "m"], ["a"])
    assert database.rows(REPAIRS) == []
    sandbox.write(path, text)
    assert run_sync() == ["+ 0002_b"]
    assert database.rows("SELECT id, n FROM a") == [(1, 7)]
    assert database.rows("TABLE b") == [(1,)]


def test_a_failure_behind_a_commit_leaves_everything_as_it_was(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();\nCOMMIT;\nSELECT nonsense;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message == (
        'applying 0001_a failed at migrations/0001_a.sql:6: column "nonsense" does not exist'
    )
    assert (database.tables(), database.applied()) == ([], [])


@pytest.mark.parametrize("where", ["large", "always"])
@pytest.mark.parametrize("option", ["", " transaction:false"])
def test_a_new_enum_value_may_be_used_behind_the_commit(
    sandbox: Sandbox, database: Database, run_sync: Sync, where: str, option: str
) -> None:
    """One transaction does not do (55P04): block by block then, the way back as well."""
    sandbox.git("config", "gitmig.runOutside", where)
    sandbox.migration("0001_a", BASE, BASE_DOWN)
    use = (
        "BEGIN;\nALTER TYPE mood ADD VALUE 'glad';\nCOMMIT;\nBEGIN;\nINSERT INTO a VALUES (1, 'sad');\n"
        "ALTER TABLE a ALTER m SET DEFAULT 'glad';\nINSERT INTO a VALUES (2);\nCOMMIT;"
    )
    down = (
        "ALTER TABLE a ALTER m DROP DEFAULT;\nCREATE TYPE n AS ENUM ('sad');\nCOMMIT;\nDELETE FROM a;\n"
        "ALTER TABLE a ALTER m TYPE n USING m::text::n;\nDROP TYPE mood;\nALTER TYPE n RENAME TO mood;"
    )
    text = f"-- migrate:up{option}\n{use}\n-- migrate:down{option}\n{down}\n"
    sandbox.write("migrations/0002_b.sql", text)
    sandbox.table("0003_c", "c")
    told: list[Event] = []
    assert run_sync(notify=told.append) == ["+ 0001_a", "+ 0002_b", "+ 0003_c"]
    committed = [one.step.label for event in told if isinstance(event, StepsCommitted) for one in event.done]
    assert committed == ["0001_a", "0002_b", "0003_c"]
    assert database.rows("SELECT id, m::text FROM a ORDER BY id") == [(1, "sad"), (2, "glad")]
    assert database.rows("SELECT count(*) FROM gitmig.unfinished") == [(0,)]
    for file in (sandbox.root / "migrations").glob("000[23]*"):
        file.unlink()
    assert run_sync() == ["- 0003_c", "- 0002_b"]
    assert database.rows(REPAIRS) == []


def test_a_down_that_uses_a_new_enum_value_behind_its_commit_runs_as_it_is_written(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """Not replaced by what could be computed: that would not know which rows become what."""
    sandbox.migration("0001_a", BASE, BASE_DOWN)
    sandbox.migration(
        "0002_b",
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('glad');"
        "ALTER TABLE a ALTER m TYPE mood USING 'glad'; DROP TYPE old;",
        "ALTER TYPE mood ADD VALUE 'sad' BEFORE 'glad';\nCOMMIT;\nUPDATE a SET m = 'sad';\nCOMMIT;\n"
        "CREATE TYPE n AS ENUM ('sad');\nALTER TABLE a ALTER m TYPE n USING m::text::n;\nDROP TYPE mood;\n"
        "ALTER TYPE n RENAME TO mood;",
    )
    sandbox.table("0003_c", "c")
    run_sync()
    for file in (sandbox.root / "migrations").glob("000[23]*"):
        file.unlink()
    assert run_sync() == ["- 0003_c", "- 0002_b"]
    assert database.rows(REPAIRS) == []
    assert database.rows("SELECT enumlabel::text FROM pg_enum ORDER BY 1") == [("sad",)]


def test_without_verification_it_is_the_same(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.git("config", "gitmig.verify", "never")
    sandbox.migration("0001_a", BASE, BASE_DOWN)
    sandbox.migration("0002_end", "COMMIT;", "COMMIT;")
    up = "ALTER TYPE mood ADD VALUE 'glad';\nEND;\nINSERT INTO a VALUES (1, 'glad');"
    sandbox.migration("0003_glad", up, "DELETE FROM a;\nEND;\nALTER TABLE a ALTER m TYPE text;\nDROP TYPE mood;")
    sandbox.table("0004_c", "c")
    assert run_sync() == ["+ 0001_a", "+ 0002_end", "+ 0003_glad", "+ 0004_c"]
    assert database.rows("SELECT id, m::text FROM a") == [(1, "glad")]
    for file in (sandbox.root / "migrations").glob("000[234]*"):
        file.unlink()
    assert run_sync() == ["- 0004_c", "- 0003_glad", "- 0002_end"]
    assert database.rows("SELECT to_regtype('mood')") == [(None,)]


def test_pending_trigger_events_end_with_the_commit(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    up = "CREATE TABLE a (id int PRIMARY KEY, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n"
    sandbox.migration("0001_a", f"{up}BEGIN;\nINSERT INTO a VALUES (1, 1);\nCOMMIT;\nALTER TABLE a ADD more text;")
    run_sync()
    assert database.columns("a") == ["id", "of", "more"]


def test_what_ends_with_a_commit_does_not_reach_the_next_block(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """In one transaction c would lie in schema s, and the second temporary table would be one too many."""
    up = (
        "CREATE SCHEMA s;\nBEGIN;\nSET LOCAL search_path = s;\nCREATE TABLE b ();\n"
        "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1;\nCOMMIT;\n"
        "BEGIN;\nCREATE TABLE c ();\nCREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1;\nCOMMIT;"
    )
    path = sandbox.migration("0001_a", up, "DROP TABLE c; DROP SCHEMA s CASCADE;")
    assert run_sync() == ["+ 0001_a"]
    assert database.rows("SELECT to_regclass('s.b')::text, to_regclass('public.c')::text") == [("s.b", "c")]
    (sandbox.root / path).unlink()
    sandbox.table("0002_d", "d")
    assert run_sync() == ["- 0001_a", "+ 0002_d"]
    assert database.tables() == ["d"]


def test_block_by_block_a_failure_is_gone_on_from(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_a", BASE, BASE_DOWN)
    up = (
        "BEGIN;\nCREATE SCHEMA s;\nSET search_path = s, public;\nALTER TYPE mood ADD VALUE 'glad';\nCOMMIT;\n"
        "BEGIN;\nINSERT INTO a VALUES (1, 'glad');\nSELECT nonsense;\nCOMMIT;\nCREATE TABLE b (id int);"
    )
    sandbox.migration("0002_b", up)
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message.startswith("applying 0002_b failed at migrations/0002_b.sql:9:")
    assert database.rows("SELECT done, started FROM gitmig.unfinished") == [(1, False)]
    assert database.rows("TABLE a") == []
    sandbox.migration("0002_b", up.replace("SELECT nonsense;", ""))
    told: list[Event] = []
    assert run_sync(notify=told.append) == ["+ 0002_b"]
    assert told[0] == ScriptResumed("0002_b")
    assert database.rows("SELECT id, m::text FROM a") == [(1, "glad")]
    assert database.rows("SELECT to_regclass('s.b')::text") == [("s.b",)], "the block's setting was made again"


def test_outside_a_constraint_that_speaks_up_at_the_end_of_a_block_is_told_like_any_failure(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.git("config", "gitmig.runOutside", "always")
    up = "CREATE TABLE a (id int PRIMARY KEY, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\n"
    text = f"-- migrate:up transaction:false\n{up}BEGIN;\nINSERT INTO a VALUES (1, 2);\nCOMMIT;\n"
    sandbox.write("migrations/0001_a.sql", text)
    with pytest.raises(SyncFailed, match='violates foreign key constraint "a_of_fkey"'):
        run_sync()
    assert database.rows("SELECT done FROM gitmig.unfinished") == [(1,)]


WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.mark.parametrize(
    "up",
    [
        "ALTER TABLE b ADD x int; ALTER TABLE a DROP v;",
        # the lock that gitmig takes for a script whose words tell what it drops
        "ALTER TABLE b ADD x int;\n-- next\nALTER TABLE a DROP v;",
    ],
    ids=["in a script", "in the lock before a script"],
)
def test_a_deadlock_with_the_application_is_tried_again(
    sandbox: Sandbox, database: Database, run_sync: Sync, up: str
) -> None:
    """PostgreSQL ends the transaction that has waited longest, which is that of the sync."""
    sandbox.migration("0001_tables", "CREATE TABLE a (id int, v int); CREATE TABLE b (id int);", "DROP TABLE a, b;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 7)")
    for number, part in enumerate(up.split("-- next"), 2):
        sandbox.migration(f"000{number}_x", part)

    def application() -> None:
        with psycopg.connect(database.url) as connection:
            connection.execute("INSERT INTO a (id) VALUES (2)")
            held.set()
            while database.rows(WAITS) != [(1,)]:
                time.sleep(0.01)
            connection.execute("INSERT INTO b VALUES (1)")

    held = threading.Event()
    other = threading.Thread(target=application)
    other.start()
    held.wait()
    said = run_sync()
    other.join()
    assert said[-1].startswith("+ ")
    assert database.rows("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    assert database.rows("TABLE b") == [(1, None)]


def test_an_application_that_never_rests_keeps_no_sync_from_its_end(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """Its transactions look for a deadlock while the script is busy, and find none: then the sync's always does."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET deadlock_timeout = 100'.encode())
    sandbox.migration("0001_tables", "CREATE TABLE a (id int, v int); CREATE TABLE b (id int);", "DROP TABLE a, b;")
    run_sync()
    sandbox.migration("0002_x", "ALTER TABLE b ADD x int; SELECT pg_sleep(0.5); ALTER TABLE a ADD x int;")

    def application() -> None:
        with psycopg.connect(database.url) as connection:
            while not stopped.is_set():
                connection.execute("INSERT INTO a (id) VALUES (1)")
                connection.execute("INSERT INTO b (id) VALUES (1)")
                connection.commit()
                busy.set()

    busy, stopped = threading.Event(), threading.Event()
    other = threading.Thread(target=application)
    other.start()
    busy.wait()
    try:
        assert run_sync() == ["+ 0002_x"]
    finally:
        stopped.set()
        other.join()
    assert database.rows("SELECT (SELECT count(*) FROM a) - (SELECT count(*) FROM b)") == [(0,)]


def test_a_deferred_constraint_is_told_of_the_migration_that_breaks_it(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """And not of the last one of the transaction."""
    sandbox.migration(
        "1_t",
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t DEFERRABLE INITIALLY DEFERRED);",
        "DROP TABLE t;",
    )
    run_sync()
    sandbox.table("2_a", "a")
    sandbox.migration("3_bad", "INSERT INTO t VALUES (1, 7);", "DELETE FROM t;")
    sandbox.table("4_b", "b")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message.startswith("applying 3_bad failed at migrations/3_bad.sql:1: insert or update on table")
    assert "rolled back: + 2_a" in caught.value.details
    assert (database.tables(), database.applied()) == (["t"], ["1_t"])
