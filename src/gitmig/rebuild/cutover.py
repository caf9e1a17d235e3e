"""From the old database to the new one: nobody writes to the old one any more, and then both names are swapped.

A database that somebody is connected to cannot be renamed, and that includes this process, whose connection holds the
lock and keeps the tables from being written to. So the rename is begun first: it locks the database against everybody
who wants to connect, and then waits, for five seconds, until nobody is connected any more. Once it has that lock, and
nobody else is seen, this process leaves. Whoever wants to connect waits until the names are swapped.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.rows import class_row

from gitmig.errors import GitmigError
from gitmig.rows.tables import read_kept, read_tables
from gitmig.rows.values import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from gitmig.postgres.connection import Connection
    from gitmig.rebuild.databases import DatabaseNames
    from gitmig.rows.tables import Column, TableName

    Shapes = dict[TableName, tuple[Column, ...]]


LOCK_TIMEOUT = "SET LOCAL lock_timeout = '1s'"
WAIT_INTERVAL = 0.1  # seconds
GRACE = 0.5  # seconds; whoever has just closed a connection is seen for a moment longer
# Autovacuum gets out of the way by itself.
OTHERS = """
    SELECT pid, coalesce(application_name, '') AS application, coalesce(usename, '') AS user,
      pg_catalog.pg_blocking_pids(pid) && %(mine)s::int[] AS waits
    FROM pg_catalog.pg_stat_activity WHERE datname = %(database)s AND pid <> ALL(%(mine)s)
      AND backend_type IS DISTINCT FROM 'autovacuum worker' ORDER BY backend_start
"""
SWAP_INTERVAL = 0.005  # seconds
SHUT = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = %s AND locktype = 'object' AND granted
      AND classid = 'pg_catalog.pg_database'::regclass AND objid = %s AND mode = 'AccessExclusiveLock')
"""


class OtherSession(Struct, frozen=True, kw_only=True):
    """Somebody who is connected to the database, and whether that waits for us to let go of something."""

    pid: int
    application: str
    user: str
    waits: bool = False

    def __str__(self) -> str:
        return f"{self.application or 'a program without a name'} (process {self.pid}, user {self.user or '?'})"


class InUse(GitmigError):
    """Others did not leave the database in time."""

    def __init__(self, database: str, others: Sequence[OtherSession]) -> None:
        super().__init__(
            f"{database} is in use: {', '.join(map(str, others[:3]))}{' …' if len(others) > 3 else ''}",
            hint="stop them and run the command again; `rebuild_wait` says how many seconds to wait for them",
        )


class Awaited(InUse):
    """Somebody waits for us while we wait for them to leave: only letting go helps."""


class Patience:
    """Waits for the others, for so many seconds in all. `told` is called whenever it is somebody else."""

    def __init__(self, seconds: float, told: Callable[[Sequence[OtherSession]], None]) -> None:
        self._left = max(seconds, GRACE)
        self._told = told
        self._last: list[OtherSession] = []

    def wait_until_alone(self, connection: Connection, database: str, mine: Sequence[int]) -> None:
        """Return once nobody is connected to the database but the processes `mine`. Raises InUse, Awaited.

        `connection` leads to another database and is in no transaction: within one, the answer would never change.
        """
        while others := sessions(connection, database, mine):
            if others != self._last:
                self._last = others
                self._told(others)
            if any(other.waits for other in others):
                raise Awaited(database, others)
            self._left -= WAIT_INTERVAL
            if self._left < 0:
                raise InUse(database, others)
            time.sleep(WAIT_INTERVAL)


def sessions(connection: Connection, database: str, mine: Sequence[int]) -> list[OtherSession]:
    """Everybody connected to the database but the processes `mine`."""
    cursor = connection.cursor(row_factory=class_row(OtherSession))
    return cursor.execute(OTHERS, {"database": database, "mine": list(mine)}).fetchall()


def lock_source(old: Connection, watcher: Connection, name: str, patience: Patience) -> None:
    """Begin a transaction on the old database that sees one state of it, which nobody changes until it ends.

    Waits until nobody else is connected, for who is may be in the midst of something. Raises InUse, GitmigError.
    """
    while True:
        patience.wait_until_alone(watcher, name, [old.info.backend_pid])
        tables = _tables(old)
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        if _locked(old, tables) and _tables(old) == tables:
            return
        old.execute("ROLLBACK")


def _locked(old: Connection, tables: Shapes) -> bool:
    """Lock the tables, before the transaction's view of the database is taken; False if somebody is in the way."""
    if not tables:
        return True
    names = listed(sql.Identifier(name.schema, name.name) for name in tables)
    try:
        old.execute(LOCK_TIMEOUT)
        old.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
    except psycopg.errors.InsufficientPrivilege as error:
        raise GitmigError(
            f"not allowed to carry rows: {error.diag.message_primary}",
            hint="connect as a superuser, or as a member of the role that owns the table",
        ) from error
    except psycopg.errors.OperationalError as error:
        if error.sqlstate != psycopg.errors.LockNotAvailable.sqlstate:
            raise
        return False
    return True


def _tables(old: Connection) -> Shapes:
    return {table.name: table.columns for tables in (read_tables(old), read_kept(old)) for table in tables}


def cut_over(
    renamer: Connection, watcher: Connection, old: Connection, names: DatabaseNames, patience: Patience
) -> None:
    """Swap the names, closing `old`. Raises InUse if others do not leave, and then `old` is still open.

    Raises Awaited if somebody came in the meantime who wants to write: then rows have to be carried again, later.

    `renamer` and `watcher` lead to a third database. Nobody may be connected to the new one.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        while True:
            patience.wait_until_alone(watcher, names.name, [old.info.backend_pid])
            renaming = thread.submit(_rename, renamer, names)
            if _is_shut(renaming, renamer, watcher, old, names):
                old.close()
                renaming.result()
                return


def _is_shut(
    renaming: Future[None], renamer: Connection, watcher: Connection, old: Connection, names: DatabaseNames
) -> bool:
    """Whether the rename waits for this process alone. If somebody slipped in before it, it is called off."""
    while not renaming.done():
        if watcher.value(SHUT, (renamer.info.backend_pid, names.oid)):
            if not sessions(watcher, names.name, [old.info.backend_pid]):
                return True
            renamer.cancel()
            break
        time.sleep(SWAP_INTERVAL)
    try:
        renaming.result()
    except (psycopg.errors.ObjectInUse, psycopg.errors.QueryCanceled):
        return False
    raise AssertionError("a database was renamed while somebody was connected to it")


def _rename(renamer: Connection, names: DatabaseNames) -> None:
    with renamer.transaction():
        for one, other in ((names.name, names.kept), (names.new, names.name)):
            statement = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(one), sql.Identifier(other))
            renamer.execute(statement)
