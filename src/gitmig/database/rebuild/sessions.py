"""Who else is connected to a database, and waiting until they are gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.database.connection import Connection

INTERVAL = 0.1  # seconds
GRACE = 0.5  # seconds; whoever has just closed a connection is seen for a moment longer
# Autovacuum gets out of the way by itself.
OTHERS = """
    SELECT pid, application_name, usename, pg_catalog.pg_blocking_pids(pid) && %(mine)s::int[]
    FROM pg_catalog.pg_stat_activity WHERE datname = %(database)s AND pid <> ALL(%(mine)s)
      AND backend_type IS DISTINCT FROM 'autovacuum worker' ORDER BY backend_start
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is connected to the database, and whether that waits for us to let go of something."""

    pid: int
    application: str
    user: str
    waits: bool = False

    def __str__(self) -> str:
        return f"{self.application or 'a program without a name'} (process {self.pid}, user {self.user or '?'})"


class InUse(GitmigError):
    """Others did not leave the database in time."""

    def __init__(self, database: str, others: Sequence[Session]) -> None:
        super().__init__(
            f"{database} is in use: {', '.join(map(str, others[:3]))}{' …' if len(others) > 3 else ''}",
            hint="stop them and run the command again; `rebuild_wait` says how many seconds to wait for them",
        )


class Awaited(InUse):
    """Somebody waits for us while we wait for them to leave: only letting go helps."""


class Patience:
    """Waits for the others, for so many seconds in all. `told` is called whenever it is somebody else."""

    def __init__(self, seconds: float, told: Callable[[Sequence[Session]], None]) -> None:
        self._left = max(seconds, GRACE)
        self._told = told
        self._last: list[Session] = []

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
            self._left -= INTERVAL
            if self._left < 0:
                raise InUse(database, others)
            time.sleep(INTERVAL)


def sessions(connection: Connection, database: str, mine: Sequence[int]) -> list[Session]:
    """Everybody connected to the database but the processes `mine`."""
    found = connection.execute(OTHERS, {"database": database, "mine": list(mine)}).fetchall()
    return [
        Session(pid=pid, application=application or "", user=user or "", waits=waits)
        for pid, application, user, waits in found
    ]
