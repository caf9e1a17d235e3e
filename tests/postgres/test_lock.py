"""Who waits is told for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.postgres import lock
from gitmig.postgres.address import connect

if TYPE_CHECKING:
    import pytest

    from gitmig.postgres.lock import Holder
    from tests.conftest import Database


def test_the_holder_is_described_once_and_then_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Holder] = []
    rounds = iter(range(3))
    with connect(database.url, "sync") as first, connect(database.url, "other") as second:
        lock.acquire(first, told.append)
        assert told == []

        def release_in_the_third_round(seconds: float) -> None:
            if next(rounds) == 2:
                first.execute("SELECT pg_advisory_unlock_all()")

        monkeypatch.setattr("gitmig.postgres.lock.time.sleep", release_in_the_third_round)
        lock.acquire(second, told.append)
        (holder,) = told
        assert (holder.pid, holder.application, holder.user) == (first.info.backend_pid, "gitmig sync", "postgres")
        assert holder.seconds >= 0


def test_another_lock_of_another_program_is_no_obstacle(database: Database) -> None:
    told: list[Holder] = []
    with psycopg.connect(database.url, autocommit=True) as other, connect(database.url, "sync") as connection:
        other.execute(
            "SELECT pg_advisory_lock(%s), pg_advisory_lock(%s, %s)", (1, lock.KEY >> 32, lock.KEY & 0x7FFFFFFF)
        )
        lock.acquire(connection, told.append)
    assert told == []


def test_a_sync_of_another_database_is_no_obstacle(database: Database, server: str) -> None:
    from tests.conftest import url_of

    with connect(database.url, "sync") as one, connect(url_of(server, "template1"), "sync") as two:
        lock.acquire(one, lambda holder: None)
        row = two.execute(lock.HOLDER, (lock.KEY,)).fetchone()
        assert row is None


def test_the_lock_goes_with_the_session(database: Database) -> None:
    for _ in range(2):
        with connect(database.url, "sync") as connection:
            lock.acquire(connection, lambda holder: None)
