"""Reading the ledger. Nothing is written, and a database without a ledger is at the empty set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.ledger import schema
from gitmig.ledger.rows import COLUMNS, LastSync, Row, State, Unfinished, applied
from gitmig.migrations.plan import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gitmig.postgres.connection import Connection


def read_state(connection: Connection) -> State:
    """The applied stack without its scripts; an empty one where there is no ledger yet. Writes nothing."""
    version = schema.version(connection)
    if version == 0:
        return State()
    fingerprint = "fingerprint" if version >= schema.WITH_FINGERPRINTS else "NULL"
    with connection.pipeline():
        where = connection.execute(f"SELECT commit, {fingerprint} FROM gitmig.state".encode())
        unfinished = connection.execute("SELECT direction, migration, done, started, indexes FROM gitmig.unfinished")
        stack = connection.execute(
            f"SELECT position, version, name, path, blobs, checksum, down IS NULL, {fingerprint} "
            "FROM gitmig.applied ORDER BY position".encode()
        )
    commit, measured = where.fetchone() or (None, None)
    row = unfinished.fetchone()
    return State(
        stack=tuple(applied(*columns) for columns in stack.fetchall()),
        commit=commit,
        fingerprint=measured,
        unfinished=_unfinished(*row) if row else None,
    )


def read_digests(connection: Connection) -> dict[int, tuple[str, ...]]:
    """Position → SHA-256 of the scripts' texts in UTF-8, as hex digits: the up's, and the down's if there is one."""
    if schema.version(connection) == 0:
        return {}
    digests = (f"encode(sha256(convert_to({script}, 'UTF8')), 'hex')" for script in ("up", "down"))
    query = f"SELECT position, {', '.join(digests)} FROM gitmig.applied ORDER BY position"
    rows = connection.execute(query.encode()).fetchall()
    return {position: tuple(filter(None, found)) for position, *found in rows}


def read_origin(connection: Connection) -> tuple[str, datetime, str | None]:
    """Who applied the newest migration of the stack, when, and at which commit. The stack must not be empty."""
    query = "SELECT applied_by, applied_at, commit FROM gitmig.applied ORDER BY position DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    assert row is not None  # the caller has read the stack
    return row[0], row[1], row[2]


def read_rows(connection: Connection, after: int) -> dict[int, Row]:
    """Position → row, scripts included, of the stack above position `after`."""
    version = schema.version(connection)
    if version == 0:
        return {}
    since = {"fingerprint": schema.WITH_FINGERPRINTS, "renamings": schema.WITH_RENAMINGS}
    names = ", ".join(name if version >= since.get(name, 1) else "NULL" for name in COLUMNS)
    query = f"SELECT {names} FROM gitmig.applied WHERE position > %s ORDER BY position"
    found = connection.execute(query.encode(), (after,)).fetchall()
    return {columns[0]: Row(**dict(zip(COLUMNS, columns))) for columns in found}


def read_last_sync(connection: Connection) -> LastSync | None:
    """The stack before the last sync; None if there was none, or it is not remembered."""
    if schema.version(connection) < schema.WITH_LAST_SYNC:
        return None
    row = connection.execute("SELECT stayed, went, commit, began_at FROM gitmig.last_sync").fetchone()
    if row is None:
        return None
    stayed, went, commit, began_at = row
    rows = tuple(Row(**{name: values[name] for name in COLUMNS}) for values in went)
    return LastSync(stayed=stayed, went=rows, commit=commit, began_at=began_at)


def read_last_event(connection: Connection) -> tuple[str, str | None] | None:
    """What was done last with the database, as the history calls it, and its note; None if nothing was."""
    if schema.version(connection) == 0:
        return None
    row = connection.execute("SELECT action, note FROM gitmig.history ORDER BY id DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else None


def read_fingerprints(connection: Connection, stacks: Sequence[str]) -> dict[str, str]:
    """What the schema was, by the ids of those of the stacks of which it is remembered."""
    query = "SELECT stack, fingerprint FROM gitmig.measured WHERE stack = ANY (%s)"
    return dict(connection.execute(query, (list(stacks),)).fetchall())


def _unfinished(direction: str, migration: dict[str, Any], done: int, started: bool, indexes: list[int]) -> Unfinished:
    return Unfinished(
        direction=Direction(direction),
        row=Row(**migration),
        done=done,
        started=started,
        indexes=tuple(indexes or ()),
    )
