"""`kill -9` and broken connections at random moments of a rebuild: one database under the name, every row in it."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import url_of
from tests.warm import start

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox
    from tests.warm import Started

KILLS = 12  # of each kind
TABLES = 12
ROWS = 500


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("victim", ["process", "connections"])
def test_a_rebuild_that_is_killed_leaves_one_intact_database_with_every_row(
    sandbox: Sandbox, database: Database, server: str, victim: str
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - to be able to repeat a failure
    rng = random.Random(seed)
    for n in range(1, TABLES + 1):
        refers = f" REFERENCES t{n - 1}" if n > 1 else ""
        sandbox.migration(f"{n:04}_t", f"CREATE TABLE t{n} (id serial PRIMARY KEY, before int{refers});")
    sandbox.gitmig("sync")
    for n in range(1, TABLES + 1):
        before = "n" if n > 1 else "NULL"
        database.rows(f"INSERT INTO t{n} (before) SELECT {before} FROM generate_series(1, {ROWS}) n")
    began = time.monotonic()
    sandbox.gitmig("sync", "--rebuild", "--yes")
    longest = time.monotonic() - began
    killed, replaced = 0, 1
    for k in range(KILLS):
        oid = database.rows("SELECT oid FROM pg_database WHERE datname = current_database()")
        process = _start_rebuild(sandbox)
        time.sleep(longest * (k + rng.random()) / KILLS)
        killed += process.is_running()
        if victim == "process":
            process.kill()
        else:
            _break_connections(server, database)
        assert process.wait() in {0, 3, -signal.SIGKILL}
        _wait_for_backends(server, database)
        replaced += database.rows("SELECT oid FROM pg_database WHERE datname = current_database()") != oid
        assert _is_intact(database), f"after kill {k}"
        assert sandbox.gitmig("sync").out.endswith(f"({TABLES} migrations)\n")
    assert killed > KILLS // 3, "most of the rebuilds were over before they could be killed"
    sandbox.gitmig("sync", "--rebuild")
    assert _is_intact(database)
    assert database.rows("SELECT count(*) FROM gitmig.history WHERE action = 'rebuild'") == [(replaced + 1,)]


def _start_rebuild(sandbox: Sandbox) -> Started:
    with Path(os.devnull).open("w") as nothing:
        return start(("sync", "--rebuild", "--yes"), sandbox.root, sandbox.environment, (nothing.fileno(),) * 2)


# The sessions of a rebuild of the database, and none of another test's.
SESSIONS = """
    FROM pg_stat_activity WHERE application_name = 'gitmig rebuild' AND (datname = %(name)s
        OR datname = (SELECT 'gitmig_new_for_' || oid FROM pg_database WHERE datname = %(name)s))
"""


def _break_connections(server: str, database: Database) -> None:
    with psycopg.connect(url_of(server, "postgres"), autocommit=True) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}".encode(), {"name": database.name})


def _wait_for_backends(server: str, database: Database) -> None:
    """A backend notices that its client is gone when it has finished its statement."""
    query = f"SELECT count(*) {SESSIONS}".encode()
    with psycopg.connect(url_of(server, "postgres"), autocommit=True) as connection:
        while connection.execute(query, {"name": database.name}).fetchone() != (0,):
            time.sleep(0.01)


def _is_intact(database: Database) -> bool:
    """Every table with every row, keys in force, the sequences where they were, the ledger complete."""
    counts = [database.rows(f"SELECT count(*), max(id) FROM t{n}") for n in range(1, TABLES + 1)]
    keys = database.rows("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated")
    positions = {row[0] for row in database.rows("SELECT last_value FROM pg_sequences WHERE schemaname = 'public'")}
    return (
        counts == [[(ROWS, ROWS)]] * TABLES
        and keys == [(TABLES - 1,)]
        and positions == {ROWS}
        and len(database.applied()) == TABLES
    )
