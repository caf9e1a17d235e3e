"""The names are swapped with nobody in between."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gitmig.events import BuildingDatabase, CarryingTable, DatabaseReplaced, Event, WaitingForSessions
from gitmig.rebuild.cutover import InUse

pytestmark = pytest.mark.usefixtures("nothing_is_left")

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox
    from tests.rebuilding import Rebuild


def test_somebody_who_stays_connected_is_named_and_nothing_is_changed(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    (number,) = database.rows("SELECT oid FROM pg_database WHERE datname = current_database()")
    told: list[Event] = []
    with psycopg.connect(database.url, application_name="a web server") as connection:
        pid = connection.info.backend_pid
        with pytest.raises(InUse) as caught:
            rebuild(notify=told.append)
    assert caught.value.message == f"{database.name} is in use: a web server (process {pid}, user postgres)"
    building, waiting = told
    assert building == BuildingDatabase(1)
    assert isinstance(waiting, WaitingForSessions)
    assert [session.application for session in waiting.sessions] == ["a web server"]
    assert database.rows("SELECT oid FROM pg_database WHERE datname = current_database()") == [number]


def test_somebody_who_leaves_in_time_is_waited_for(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    connection = psycopg.connect(database.url, application_name="a web server")

    def leave(event: Event) -> None:
        if isinstance(event, WaitingForSessions):
            connection.close()

    rebuild(notify=leave, wait=60)
    assert connection.closed


def test_somebody_who_comes_to_write_meanwhile_is_let_in_and_the_row_is_carried(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY);")
    sandbox.gitmig("sync")
    writer = threading.Thread(target=database.rows, args=("INSERT INTO a VALUES (1)",))

    told: list[Event] = []

    def write(event: Event) -> None:
        told.append(event)
        if isinstance(event, CarryingTable) and not writer.ident:
            writer.start()
            wait_for(database, "application_name = '' AND wait_event_type = 'Lock'")

    rebuild(notify=write, wait=60)
    writer.join()
    assert database.rows("TABLE a") == [(1,)]
    *rounds, last = [event for event in told if not isinstance(event, WaitingForSessions)]
    assert rounds == [BuildingDatabase(1), CarryingTable("public.a", 1, 1)] * 2
    assert isinstance(last, DatabaseReplaced)


def test_whoever_comes_and_goes_all_the_time_loses_no_row(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    """Every row that was acknowledged is there, whether the rebuild found a moment for itself or gave up."""
    sandbox.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY);")
    sandbox.gitmig("sync")
    acknowledged: list[int] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with suppress(psycopg.OperationalError):
                database.rows(f"INSERT INTO a VALUES ({len(acknowledged)})")
                acknowledged.append(len(acknowledged))
            time.sleep(random.choice((0.01, 0.1, 1)))

    writers = threading.Thread(target=write)
    writers.start()
    try:
        for _ in range(8):
            with suppress(InUse):
                rebuild(wait=2)
    finally:
        stop.set()
        writers.join()
    assert database.rows("SELECT count(*) FROM a") == [(len(acknowledged),)]


def test_a_second_gitmig_waits_outside_and_goes_on_with_the_new_database(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    results = []

    def start(event: Event) -> None:
        if isinstance(event, CarryingTable):
            second = threading.Thread(target=lambda: results.append(sandbox.gitmig("sync", check=False)))
            second.start()
            threads.append(second)
            wait_for(database, "application_name = 'gitmig sync'")

    threads: list[threading.Thread] = []
    rebuild(notify=start, wait=60)
    threads[0].join()
    assert results[0].status == 0, results[0].err
    assert results[0].err.startswith("waiting for gitmig rebuild")


def wait_for(database: Database, condition: str) -> None:
    """Return once a session of the database is as described."""
    query = f"SELECT FROM pg_stat_activity WHERE datname = %s AND {condition}".encode()
    with psycopg.connect(make_conninfo(database.url, dbname="postgres"), autocommit=True) as connection:
        while connection.execute(query, (database.name,)).fetchone() is None:
            time.sleep(0.01)


@pytest.mark.parametrize("name", ['sp ace "quoted" %s é', "CAPITALS", "x" * 63, "ä" * 31], ids=str)
def test_odd_names(sandbox: Sandbox, database: Database, server: str, name: str) -> None:
    sandbox.table("0001_a", "a")
    quoted = name.replace('"', '""')
    database.rows(f'CREATE DATABASE "{quoted}"')
    url = make_conninfo(database.url, dbname=name)
    try:
        sandbox.gitmig("sync", "--database", url)
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO a VALUES (1)")
        said = sandbox.gitmig("sync", "--rebuild", "--yes", "--database", url).out
        with psycopg.connect(url) as connection:
            assert connection.execute("TABLE a").fetchall() == [(1,)]
        assert "the old database is kept as" in said
        sandbox.gitmig("db", "prune", "--yes", "--database", url)
        left = database.rows("SELECT datname FROM pg_database WHERE datname LIKE '%\\_\\_gitmig\\_%'")
        assert not [old for (old,) in left if str(old).startswith(name[:20])]
    finally:
        database.rows(f'DROP DATABASE "{quoted}" WITH (FORCE)')
