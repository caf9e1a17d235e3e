"""Scripts that are sent ahead: each is waited for by itself, and a failure is that of its own script."""

from __future__ import annotations

from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.execute import script
from gitmig.execute.script import run_pipelined
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.postgres.address import connect
from gitmig.postgres.run_sql import ScriptError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.postgres.connection import Connection
    from tests.conftest import Database

KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connect(database.url, "test") as opened:
        yield opened


def scripts(*texts: str) -> list[Script]:
    return [Script(language=SQL, text=text, path=f"{k}.sql", first_line=5) for k, text in enumerate(texts, 1)]


def tables(count: int, first: int = 1) -> list[str]:
    return [f"CREATE TABLE t{k} (id int);" for k in range(first, first + count)]


def count_tables(connection: Connection) -> object:
    row = connection.execute(TABLES.encode()).fetchone()
    return row[0] if row else None


def test_more_scripts_than_are_sent_ahead_all_run(connection: Connection) -> None:
    count = 2 * script.AHEAD + 1
    assert len(list(run_pipelined(connection, scripts(*tables(count))))) == count
    assert count_tables(connection) == count


@pytest.mark.parametrize(
    "between",
    [
        pytest.param("CREATE TABLE a (id int); CREATE TABLE b (id int)", id="two statements"),
        pytest.param("SET search_path TO pg_temp", id="a setting"),
        pytest.param("-- nothing; really", id="a comment"),
        pytest.param("", id="nothing at all"),
        pytest.param("BEGIN; CREATE TABLE a (id int); COMMIT;", id="a transaction of its own"),
        pytest.param("COMMENT ON TABLE t1 IS 'one; two'", id="a semicolon in a string"),
        pytest.param('SELECT 1 AS "100%"', id="rows"),
    ],
)
def test_any_script_may_stand_between(connection: Connection, between: str) -> None:
    every = scripts(*tables(2), between, *tables(2, 3))
    with connection.transaction():
        assert len(list(run_pipelined(connection, every))) == 5
    assert connection.execute("SELECT to_regclass('public.t4') IS NOT NULL").fetchone() == (True,)


@pytest.mark.parametrize("place", [0, 1, 59])
def test_a_failure_names_its_own_script_and_nothing_behind_it_runs(connection: Connection, place: int) -> None:
    texts = tables(60)
    texts[place] = "-- the type is misspelt\nCREATE TABLE broken (\n  id integre\n);"
    done: list[None] = []
    with pytest.raises(ScriptError) as caught, connection.transaction():
        done.extend(run_pipelined(connection, scripts(*texts)))
    assert len(done) == place
    assert (caught.value.line, caught.value.sqlstate) == (7, "42704")
    assert caught.value.statement == "CREATE TABLE broken (\n  id integre\n)"
    assert count_tables(connection) == 0


def test_without_a_transaction_what_is_behind_a_failure_is_skipped(connection: Connection) -> None:
    with pytest.raises(ScriptError):
        list(run_pipelined(connection, scripts("CREATE TABLE broken (id integre)", *tables(3))))
    assert count_tables(connection) == 0


def test_whoever_stops_in_the_middle_gets_a_connection_of_use_back(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        with closing(run_pipelined(connection, scripts(*tables(5)))) as runs:
            next(runs)
        assert count_tables(connection) == 5  # they had been sent
    assert count_tables(connection) == 0


def test_a_connection_that_breaks_is_an_error_and_no_endless_wait(connection: Connection, database: Database) -> None:
    """Whichever comes first: PostgreSQL's last word about the script, or libpq's that nobody is there any more."""
    with closing(run_pipelined(connection, scripts(*tables(script.AHEAD + 1)))) as runs:
        for _ in range(script.AHEAD):
            next(runs)
        pid = connection.info.backend_pid
        database.rows(f"SELECT pg_terminate_backend({pid}, 10000)")
        with pytest.raises((ScriptError, psycopg.OperationalError)):
            next(runs)
    assert connection.closed


def test_a_connection_that_breaks_while_a_script_runs_is_that_scripts_error(
    connection: Connection, database: Database
) -> None:
    connection.execute("CREATE TABLE public.t1 (id int)")
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE t1")
        killer = Thread(target=kill_the_waiting, args=(database,))
        killer.start()
        with pytest.raises(ScriptError) as caught:
            list(run_pipelined(connection, scripts("ALTER TABLE t1 ADD COLUMN a int", *tables(2, 2))))
        killer.join()
    assert (caught.value.sqlstate, caught.value.statement) == ("57P01", "ALTER TABLE t1 ADD COLUMN a int")
    assert connection.closed


def kill_the_waiting(database: Database) -> None:
    """Terminate the session that waits for a lock, as soon as there is one."""
    while not database.rows(KILL):
        pass
