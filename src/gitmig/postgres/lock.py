"""One sync at a time: a session advisory lock that knows who holds it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg.rows import class_row

from gitmig.errors import LockBusy

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.postgres.connection import Connection

# "gitmig" in ASCII. Advisory locks are per database, so one number serves everywhere.
KEY = int.from_bytes(b"gitmig", "big")
# Asked again and again rather than waited for in PostgreSQL: a session that waits inside pg_advisory_lock holds a
# snapshot, for which CREATE INDEX CONCURRENTLY of the holder would wait in turn, for ever.
INTERVAL = 0.1  # seconds
REBUILDING = "gitmig rebuild"  # the application name of a holder that waits until nobody is connected any more

HOLDER = """
    SELECT a.pid, a.application_name AS application, coalesce(a.usename, '') AS user,
      extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS seconds
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
      AND (l.classid::int8 << 32) | l.objid::int8 = %s
"""


class Holder(Struct, frozen=True, kw_only=True):
    """Who holds the lock, and for how many seconds it has been connected."""

    pid: int
    application: str
    user: str
    seconds: float


def acquire(
    connection: Connection,
    on_wait: Callable[[Holder], None],
    told: set[int] | None = None,
    *,
    wait: float | None = None,
) -> bool:
    """Take the lock for the rest of the session; `on_wait` is called once per holder that has to be waited for.

    False if the holder rebuilds the database: for that, everybody has to leave it. `told` are the processes of holders
    that `on_wait` was called for already. `wait` is for how many seconds, None for as long as it takes; LockBusy is
    raised then.
    """
    told = set() if told is None else told
    given_up = None if wait is None else time.monotonic() + wait
    while not connection.value("SELECT pg_catalog.pg_try_advisory_lock(%s)", (KEY,)):
        holder = connection.cursor(row_factory=class_row(Holder)).execute(HOLDER, (KEY,)).fetchone()
        if holder and holder.pid not in told:
            told.add(holder.pid)
            on_wait(holder)
        if holder and holder.application == REBUILDING and wait is None:
            return False
        if given_up is not None and time.monotonic() >= given_up:
            hint = "run `gitmig sync` when it is done"
            raise LockBusy("another gitmig is at work on the database, which was not synced", hint=hint)
        time.sleep(INTERVAL)
    connection.advisory_key = KEY
    return True
