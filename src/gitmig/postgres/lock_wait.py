"""For whom a session waits, and for how long: what is told meanwhile, and when the waiting ends.

Whoever waits for a lock on a table stands in a queue, and everybody who comes later waits behind it, readers included.
So a plan's statements wait for a short time only (`SHORT`). Then the transaction is rolled back, those who are in the
way are waited for without a place in the queue, and it is tried again, until the `limit` is reached.

PostgreSQL's `lock_timeout` ends each wait. The session cannot be asked meanwhile, so another one looks for whom it
waits. If a script has set `lock_timeout` otherwise, as pg_dump's do, its statement is cancelled.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from psycopg.abc import PQGen

    from gitmig.postgres.connection import Connection

Value = TypeVar("Value")

# Seconds. More than PostgreSQL's deadlock_timeout has by default: after that it looks for deadlocks, and an autovacuum
# that is in the way gives up.
SHORT = 1.5
TOLD_AFTER = 0.5  # a statement that is answered until then is not asked about
LOOKS = 0.5  # from one look to the next
GRACE = 0.5  # what PostgreSQL is given to end a wait by itself
TRIED_AGAIN = 0.1

# `pg_locks` and the names of programs are for everybody to see, states and times for members of pg_read_all_stats and
# for whoever is the same role.
BLOCKERS = """
    WITH wanted AS (
        SELECT l.*, coalesce(l.relation, (SELECT t.relation FROM pg_catalog.pg_locks t
            WHERE t.pid = l.pid AND t.locktype = 'tuple' AND t.granted LIMIT 1)) AS about
        FROM pg_catalog.pg_locks l WHERE l.pid = %(pid)s AND NOT l.granted LIMIT 1)
    SELECT DISTINCT ON (b.pid) b.pid, coalesce(a.application_name, '') AS application,
        coalesce(a.usename, '') AS "user", coalesce(a.state, '') AS state,
        coalesce(a.backend_type, '') AS kind, a.state_change AS since,
        (SELECT h.virtualtransaction FROM pg_catalog.pg_locks h WHERE h.pid = b.pid LIMIT 1) AS transaction,
        coalesce((SELECT CASE WHEN w.locktype IN ('relation', 'extend') THEN '' ELSE 'a row of ' END
            || n.nspname || '.' || c.relname FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = w.about),
            CASE w.locktype WHEN 'advisory' THEN 'an advisory lock' ELSE '' END, '') AS holds
    FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) b (pid)
    LEFT JOIN wanted w ON true LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
    ORDER BY b.pid, a.backend_type = 'client backend' DESC
"""
STILL_THERE = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = ANY(%s::int[]) AND virtualtransaction = ANY(%s::text[]))
"""
CANCELED = psycopg.errors.QueryCanceled.sqlstate
REFUSED = psycopg.errors.LockNotAvailable.sqlstate


class Blocker(Struct, frozen=True, kw_only=True):
    """A session that is waited for: `holds` is what it has, empty if that has no name; `since` when it came to `state`.

    `pid` is 0 for a prepared transaction, which no session has. `transaction` tells whether it is still the same one.
    """

    pid: int
    application: str
    user: str
    state: str
    kind: str
    since: datetime | None
    transaction: str | None
    holds: str

    def __str__(self) -> str:
        which = f", which holds {self.holds}" if self.holds else ""
        if self.pid == 0:
            return f"a prepared transaction (pg_prepared_xacts){which}"
        by = self.application or (self.kind if self.kind not in {"", "client backend"} else "another program")
        said = [f"process {self.pid}", *([f"user {self.user}"] if self.user else [])]
        if self.state and self.since:
            said.append(f"{self.state} since {self.since.astimezone():%H:%M:%S}")
        return f"{by} ({', '.join(said)}){which}"


class LockWait:
    """What is known of the waiting of one session.

    `limit` is for how many seconds it may wait, None for as long as it takes. `tell` is called with those it waits for,
    every now and then.
    """

    def __init__(self, url: str, limit: float | None, tell: Callable[[Sequence[Blocker], float | None], None]) -> None:
        self.blockers: tuple[Blocker, ...] = ()
        self._url = url
        self._limit = limit
        self._tell = tell
        self._began: float | None = None  # of the waiting that goes on, over all tries
        self._patience = limit
        self._canceled = False
        self._eyes: Connection | None = None
        self._stack = ExitStack()

    def start(self, connection: Connection) -> None:
        """Look after this session from now on."""
        connection.lock_wait = self
        connection.limit_lock_waits(self._milliseconds)

    @property
    def _milliseconds(self) -> int | None:
        """What `lock_timeout` is to be, None for what the user has."""
        return int(self._patience * 1000) if self._patience else None

    @contextmanager
    def briefly(self, connection: Connection) -> Iterator[None]:
        """Each statement in the block waits for a short time only, as all of it can be tried again."""
        before = self._patience
        self._patience = SHORT if self._limit is None else min(SHORT, self._limit)
        connection.limit_lock_waits(self._milliseconds)
        try:
            yield
        finally:
            self._patience, self._began, self.blockers = before, None, ()
            connection.limit_lock_waits(self._milliseconds)

    def is_to_blame(self, sqlstate: str | None) -> bool:
        """Whether a statement failed with this because it would have had to wait for too long."""
        return sqlstate == REFUSED or (sqlstate == CANCELED and self._canceled)

    def pause(self, connection: Connection) -> bool:
        """Wait until those in the way are not any more, outside the queue; False if the limit is reached."""
        self._canceled = False
        if self._began is None:  # nobody could look
            self._began = time.monotonic() - SHORT
        told = 0.0
        while not self._is_over:
            time.sleep(TRIED_AGAIN)
            pids = [one.pid for one in self.blockers if one.transaction]
            if not pids:
                time.sleep(LOOKS)
                return True
            if not connection.value(STILL_THERE, (pids, [one.transaction for one in self.blockers if one.transaction])):
                return True
            if time.monotonic() - told > LOOKS:
                told = time.monotonic()
                self._tell(self.blockers, self._limit)
        return False

    @property
    def account(self) -> str:
        """What is told when the limit is reached."""
        who = " and ".join(map(str, self.blockers)) or "somebody who holds a lock"
        waited = f"after {self._limit:g} s (`lock_wait`) of waiting" if self._limit else "waiting"
        return f"gave up {waited} for {who}"

    def watch(self, connection: Connection, waiting: PQGen[Value]) -> PQGen[Value]:
        """The same generator of psycopg's, with a look at whom the session waits for while no answer comes."""
        try:
            began = last = time.monotonic()
            wanted = next(waiting)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if not ready and now - began >= TOLD_AFTER and (last == began or now - last >= LOOKS):
                    last = now
                    self._look(connection, now - began)
                wanted = waiting.send(ready)
        except StopIteration as answer:
            found: Value = answer.value
            return found
        finally:
            if self._eyes is not None:
                self._eyes = None
                self._stack.close()

    @property
    def _is_over(self) -> bool:
        return bool(self._limit and self._began is not None and time.monotonic() - self._began >= self._limit)

    def _look(self, connection: Connection, waited: float) -> None:
        """Tell for whom the session waits, if it does; end that if it takes longer than it may."""
        found = self._find_blockers(connection.info.backend_pid)
        if not found:
            return
        if self._began is None:
            self._began = time.monotonic() - waited
        self.blockers = found
        self._tell(found, self._limit)
        if self._is_over or (self._patience and waited > self._patience + GRACE):
            self._canceled = True
            connection.cancel()

    def _find_blockers(self, pid: int) -> tuple[Blocker, ...]:
        from gitmig.postgres.address import connect  # which knows what a connection is

        try:
            if self._eyes is None:
                self._eyes = self._stack.enter_context(connect(self._url, "look", timeout=2))
            with self._eyes.cursor(row_factory=class_row(Blocker)) as cursor:
                return tuple(cursor.execute(BLOCKERS, {"pid": pid}).fetchall())
        except (GitmigError, psycopg.Error):  # too many connections, perhaps
            return ()
