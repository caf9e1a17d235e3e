"""Who is waited for, in words; and a session that waits."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import LockBusy
from gitmig.postgres.address import connect
from gitmig.postgres.lock_wait import Blocker, LockWait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitmig.postgres.connection import Connection
    from tests.conftest import Database

NOON = datetime(2026, 1, 2, 12, 3, 4).astimezone(timezone.utc)
PSQL = Blocker(
    pid=4711,
    application="psql",
    user="ada",
    state="idle in transaction",
    kind="client backend",
    since=NOON,
    transaction="3/7",
    holds="public.users",
)


@pytest.mark.parametrize(
    ("blocker", "said"),
    [
        (PSQL, "psql (process 4711, user ada, idle in transaction since 12:03:04), which holds public.users"),
        (
            Blocker(
                pid=8,
                application="",
                user="",
                state="",
                kind="autovacuum worker",
                since=None,
                transaction="3/7",
                holds="a row of public.users",
            ),
            "autovacuum worker (process 8), which holds a row of public.users",
        ),
        (
            Blocker(
                pid=8, application="", user="bob", state="", kind="", since=None, transaction="3/7", holds=""
            ),  # what somebody sees who may not look into others' sessions
            "another program (process 8, user bob)",
        ),
        (
            Blocker(pid=0, application="", user="", state="", kind="", since=None, transaction=None, holds="public.t"),
            "a prepared transaction (pg_prepared_xacts), which holds public.t",
        ),
    ],
)
def test_who_is_waited_for(blocker: Blocker, said: str) -> None:
    assert str(blocker) == said


@pytest.mark.parametrize(
    ("held", "wanted", "holds"),
    [
        ("LOCK TABLE t", "SELECT 1 FROM public.t", "public.t"),
        ("UPDATE t SET n = 1", "UPDATE public.t SET n = 2", "a row of public.t"),
        ("SELECT pg_advisory_lock(7)", "SELECT pg_advisory_lock(7)", "an advisory lock"),
    ],
)
def test_a_wait_is_told_and_ends(database: Database, held: str, wanted: str, holds: str) -> None:
    database.rows("CREATE TABLE t (n int); INSERT INTO t VALUES (0)")
    told: list[Blocker] = []

    def tell(blockers: Sequence[Blocker], limit: float | None) -> None:
        told.extend(blockers)
        assert limit == 1

    with psycopg.connect(database.url, application_name="ada's") as holder:
        holder.execute(held.encode())
        with (
            pytest.raises(LockBusy, match=r"^gave up after 1 s \(`lock_wait`\) of waiting for ada's \(process"),
            _waiting(database, tell) as connection,
        ):
            connection.execute(wanted.encode())
        assert {(one.pid, one.state) for one in told} == {(holder.info.backend_pid, "idle in transaction")}
    assert told[0].holds == holds


@contextmanager
def _waiting(database: Database, tell: Callable[[Sequence[Blocker], float | None], None]) -> Iterator[Connection]:
    with connect(database.url, "test") as connection:
        LockWait(database.url, 1, tell).start(connection)
        yield connection


def test_a_statement_that_takes_its_time_waits_for_nobody(database: Database) -> None:
    told: list[object] = []
    with _waiting(database, lambda *what: told.append(what)) as connection:
        connection.execute("SELECT pg_sleep(1.2)")
    assert told == []
