"""Whether the session is one's own, or a pooler's that gives it to somebody else after each transaction.

PgBouncer with `pool_mode = transaction`, and others of its kind: what a session holds (its lock, its settings, its
temporary tables) stays behind on a session of the server that others get next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.errors import DatabaseUnavailable
from gitmig.postgres.address import Address, connect

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection

PID = "SELECT pg_catalog.pg_backend_pid()"
# A pooler gives out the session that was given back last; somebody else may be in between, once.
TRIES = 3


def refuse_shared_sessions(connection: Connection, url: str) -> None:
    """Raise DatabaseUnavailable if another client is given the session of this one.

    A pooler makes up the process that it tells its clients. Where that is the server's, nobody else is in between; and
    where each client has a session for itself, a pooler does no harm.
    """
    if connection.value(PID) == connection.info.backend_pid:
        return
    with connect(url, "pooler?") as other:
        if not any(_meet(connection, other) for _ in range(TRIES)):
            return
    raise DatabaseUnavailable(
        f"{Address.of(url)} is a pooler that gives each transaction another session, as PgBouncer with "
        "pool_mode = transaction",
        hint="gitmig needs one of its own: give it the URL of the server itself, `git config gitmig.database URL`",
    )


def _meet(one: Connection, other: Connection) -> bool:
    """Whether both are given the same session, one after the other; or one of them two of them."""
    first, theirs, second = one.value(PID), other.value(PID), one.value(PID)
    return theirs in {first, second} or first != second
