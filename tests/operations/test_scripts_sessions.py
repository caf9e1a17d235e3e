"""What a script does to its session: the next one and gitmig notice nothing of it, or the sync names the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import LockLost, SyncFailed
from gitmig.postgres.lock import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

# With standard_conforming_strings off, which is how a database can be set, PostgreSQL sees the string end later than
# gitmig does, and what comes then is a COMMIT.
HIDDEN = "SELECT '\\', '; {}; --' AS x;"
OWN = "SELECT pg_catalog.current_setting('search_path')"


@pytest.fixture
def old_strings(sandbox: Sandbox, database: Database) -> None:
    database.rows(f"ALTER DATABASE {database.name} SET standard_conforming_strings = off")


@pytest.mark.usefixtures("old_strings")
@pytest.mark.parametrize(
    "ending", ["COMMIT", "COMMIT; BEGIN", "COMMIT; BEGIN; CREATE TABLE more ()", "END; SELECT 1/0"]
)
def test_a_commit_behind_gitmigs_back_names_the_script_and_the_ledger_knows_what_is_there(
    sandbox: Sandbox, database: Database, run_sync: Sync, ending: str
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", f"CREATE TABLE b (); {HIDDEN.format(ending)}", "DROP TABLE b;")
    sandbox.table("0003_c", "c")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message.startswith("applying 0002_b failed at migrations/0002_b.sql:")
    assert caught.value.message.endswith(": it ended the transaction in which gitmig ran it") or "SELECT 1/0" in ending
    assert "keeps what the script committed" in str(caught.value.hint)
    assert (database.tables(), database.applied()) == (["a", "b"], ["0001_a"])


@pytest.mark.usefixtures("old_strings")
def test_a_rollback_behind_gitmigs_back_does(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", f"CREATE TABLE b (); {HIDDEN.format('ROLLBACK; BEGIN')}", "DROP TABLE b;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message == (
        "applying 0002_b failed at migrations/0002_b.sql:1: it ended the transaction in which gitmig ran it"
    )
    assert (database.tables(), database.applied()) == ([], [])


@pytest.mark.usefixtures("old_strings")
def test_a_commit_in_a_down_does(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.table("0001_a", "a")
    second = sandbox.migration("0002_b", "CREATE TABLE b ();", f"DROP TABLE b; {HIDDEN.format('COMMIT; BEGIN')}")
    third = sandbox.migration("0003_c", "CREATE TABLE c ();", "DROP TABLE c;")
    run_sync()
    (sandbox.root / second).unlink()
    (sandbox.root / third).unlink()
    with pytest.raises(SyncFailed, match=r"^reverting 0002_b failed"):
        run_sync()
    assert (database.tables(), database.applied()) == (["a"], ["0001_a", "0002_b"])


LET_GO = "DO $$ BEGIN PERFORM pg_advisory_unlock_all(); END $$;"


@pytest.mark.parametrize("outside", [False, True], ids=["inside", "outside"])
def test_a_script_that_frees_the_lock_does_not_let_anybody_in(
    sandbox: Sandbox, database: Database, run_sync: Sync, outside: bool
) -> None:
    """Another session tries for the lock as often as it can, from a script's own function."""
    database.rows("CREATE SCHEMA s; CREATE TABLE s.seen (granted int)")
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    count = (
        f"(SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND objid = {KEY & 0xFFFFFFFF} AND {here})"
    )
    note = f"INSERT INTO s.seen SELECT {count};"
    option = " transaction:false" if outside else ""
    sandbox.write("migrations/0001_a.sql", f"-- migrate:up{option}\n{LET_GO}\nCREATE TABLE a ();\n{note}\n")
    sandbox.write("migrations/0002_b.sql", f"-- migrate:up{option}\n{note}\n")
    sandbox.git("config", "gitmig.verify", "never")
    sandbox.git("config", "gitmig.runOutside", "always")
    run_sync()
    seen = [number for (number,) in database.rows("TABLE s.seen")]
    assert seen[-1] == 1
    assert outside or seen == [1, 1]


def test_a_lock_that_somebody_else_has_taken_stops_the_sync(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """The thief is a session that the script itself opens: nobody else could be so quick."""
    if not database.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'dblink'"):
        pytest.skip("this PostgreSQL was built without it")
    database.rows("CREATE EXTENSION dblink")
    thief = (
        "DO $$ BEGIN PERFORM pg_advisory_unlock_all(); "
        f"PERFORM dblink_connect('thief', '{database.url}'); "
        f"PERFORM x FROM dblink('thief', 'SELECT pg_try_advisory_lock({KEY})') t (x bool); END $$;"
    )
    sandbox.write("migrations/0001_a.sql", f"-- migrate:up transaction:false\n{thief}\n")
    sandbox.table("0002_b", "b")
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.git("config", "gitmig.verify", "never")
    with pytest.raises(LockLost):
        run_sync()
    assert database.tables() == []


def test_each_script_begins_with_the_users_own_settings(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows(
        f"CREATE SCHEMA app; ALTER DATABASE {database.name} SET search_path = app, public; "
        "CREATE FUNCTION app.upset() RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM set_config('search_path', 'public', false); PERFORM set_config('DateStyle', 'German', false); "
        "RETURN 1; END $$"
    )
    note = "current_setting('search_path') || ' ' || current_setting('DateStyle')"
    sandbox.migration("0001_a", f"CREATE TABLE a AS SELECT {note} AS t;", "DROP TABLE a;")
    sandbox.migration("0002_b", "ALTER TABLE a ADD n int CHECK (n = app.upset()) DEFAULT 1;", "ALTER TABLE a DROP n;")
    sandbox.migration("0003_c", f"CREATE TABLE c AS SELECT {note} AS t;", "DROP TABLE c;")
    sandbox.git("config", "gitmig.ignore", "app.upset")
    sandbox.git("config", "gitmig.verify", "never")
    run_sync()
    assert database.rows("SELECT t FROM app.a UNION SELECT t FROM app.c") == [("app, public ISO, MDY",)]


def test_between_the_statements_of_a_script_outside_its_settings_stay(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    script = "CREATE SCHEMA app; SET search_path = app; CREATE TABLE a (id int); CREATE INDEX CONCURRENTLY i ON a (id);"
    sandbox.write(
        "migrations/0001_a.sql",
        f"-- migrate:up transaction:false\n{script}\nCREATE TABLE b ();\n-- migrate:down\nDROP SCHEMA app CASCADE;\n",
    )
    sandbox.git("config", "gitmig.runOutside", "always")
    run_sync()
    assert database.rows("SELECT to_regclass('app.a'), to_regclass('app.b'), to_regclass('app.i')") == [
        ("app.a", "app.b", "app.i")
    ]


def test_what_is_checked_at_the_commit_finds_the_users_path(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """A deferred constraint trigger whose function names its table without a schema."""
    late = (
        "CREATE TABLE a (id int); CREATE TABLE log (id int); "
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (new.id); "
        "RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER note AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION note(); INSERT INTO a VALUES (7);"
    )
    sandbox.migration("0001_a", late, "DROP TABLE a, log; DROP FUNCTION note;")
    run_sync()
    assert database.rows("TABLE log") == [(7,)]


def test_who_looks_from_outside_finds_the_lock_held_until_the_end(database: Database) -> None:
    from gitmig.postgres.address import connect
    from gitmig.postgres.lock import acquire

    with connect(database.url, "test") as connection, psycopg.connect(database.url, autocommit=True) as other:
        acquire(connection, lambda holder: None)
        ask = f"SELECT pg_try_advisory_lock({KEY})"
        with connection.transaction():
            connection.begin_script()
            connection.pgconn.exec_(b"SELECT pg_advisory_unlock_all()")
            assert other.execute(ask).fetchone() == (False,)
            assert connection.end_script()
        assert other.execute(ask).fetchone() == (False,)
