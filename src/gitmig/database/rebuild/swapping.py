"""Letting the new database take the old one's name, in one transaction and with nobody in between.

A database that somebody is connected to cannot be renamed, and that includes this process, whose connection holds the
lock and keeps the tables from being written to. So the rename is begun first: it locks the database against everybody
who wants to connect, and then waits, for five seconds, until nobody is connected any more. Once it has that lock, and
nobody else is seen, this process leaves. Whoever wants to connect waits until the names are swapped.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.database.rebuild.sessions import sessions

if TYPE_CHECKING:
    from concurrent.futures import Future

    from gitmig.database.connection import Connection
    from gitmig.database.rebuild.sessions import Patience

INTERVAL = 0.005  # seconds
SHUT = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = %s AND locktype = 'object' AND granted
      AND classid = 'pg_catalog.pg_database'::regclass AND objid = %s AND mode = 'AccessExclusiveLock')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """`new` becomes `name`, which becomes `kept`; `oid` is that of the database called `name` now."""

    name: str
    new: str
    kept: str
    oid: int


def swap(renamer: Connection, watcher: Connection, old: Connection, names: Names, patience: Patience) -> None:
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


def _is_shut(renaming: Future[None], renamer: Connection, watcher: Connection, old: Connection, names: Names) -> bool:
    """Whether the rename waits for this process alone. If somebody slipped in before it, it is called off."""
    while not renaming.done():
        if watcher.execute(SHUT, (renamer.info.backend_pid, names.oid)).fetchone() == (True,):
            if not sessions(watcher, names.name, [old.info.backend_pid]):
                return True
            renamer.cancel()
            break
        time.sleep(INTERVAL)
    try:
        renaming.result()
    except (psycopg.errors.ObjectInUse, psycopg.errors.QueryCanceled):
        return False
    raise AssertionError("a database was renamed while somebody was connected to it")


def _rename(renamer: Connection, names: Names) -> None:
    with renamer.transaction():
        for one, other in ((names.name, names.kept), (names.new, names.name)):
            statement = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(one), sql.Identifier(other))
            renamer.execute(statement)
