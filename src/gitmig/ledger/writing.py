"""Writing the ledger: rows and events, each call inside the transaction of what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from gitmig.ledger.rows import COLUMNS, EVENT_COLUMNS, scripts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.ledger.rows import Event, Row, Unfinished
    from gitmig.migrations.plan import Move
    from gitmig.postgres.connection import Connection

# All rows in one statement: a statement each takes as long as running short scripts does.
INSERT_ROWS = (
    f"INSERT INTO gitmig.applied ({', '.join(COLUMNS)}) "
    f"SELECT {', '.join(COLUMNS)} FROM jsonb_populate_recordset(NULL::gitmig.applied, %s)"
)
# Rows of the ledger, of about 200 bytes each: the stacks of some years of branches.
MOST_MEASURED = 5000
IDENTITY = ("version", "name", "path", "blobs")
SCRIPTS = ("up", "up_path", "up_line", "up_transactional", "down", "down_path", "down_line", "down_transactional")
UPDATE_ROW = (
    f"UPDATE gitmig.applied SET {', '.join(f'{name} = %({name})s' for name in IDENTITY + SCRIPTS)} "
    "WHERE position = %(position)s"
)
# The row is written anew in a savepoint of its own: then its xmin is above those of all that the sync wrote before.
NOTE_LAST_SYNC = """
    INSERT INTO gitmig.last_sync (stayed, went, commit)
    SELECT %s, (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY position), '[]') FROM gitmig.applied a
        WHERE position > %s OR position = ANY (%s)), (SELECT commit FROM gitmig.state)
    ON CONFLICT (only_row) DO UPDATE SET stayed = excluded.stayed, went = excluded.went, commit = excluded.commit,
        began_at = excluded.began_at, ended_at = excluded.ended_at
"""
INSERT_EVENTS = (
    f"INSERT INTO gitmig.history ({', '.join(EVENT_COLUMNS)}) "
    f"SELECT {', '.join(EVENT_COLUMNS)} FROM jsonb_populate_recordset(NULL::gitmig.history, %s) WITH ORDINALITY "
    "ORDER BY ordinality"
)


def add(connection: Connection, rows: Sequence[Row]) -> None:
    """Mark migrations as applied."""
    connection.execute(INSERT_ROWS.encode(), (Jsonb([_values(row) for row in rows]),))


def remove(connection: Connection, positions: Sequence[int]) -> None:
    """Mark migrations as no longer applied."""
    connection.execute("DELETE FROM gitmig.applied WHERE position = ANY(%s)", (list(positions),))


def move(connection: Connection, moves: Sequence[Move]) -> None:
    """Let rows follow their files: new name, new number, new down, other comments."""
    values = []
    for m in moves:
        migration, content = m.desired.migration, m.desired.content
        assert content is not None  # a row differs from its file only if the file was read
        identity = (migration.version.text, migration.name, migration.path, migration.blobs)
        values.append(dict(zip(IDENTITY, identity)) | scripts(content) | {"position": m.applied.position})
    if values:  # nothing may be sent for nothing inside a pipeline
        connection.cursor().executemany(UPDATE_ROW.encode(), values)


def record(connection: Connection, events: Sequence[Event]) -> None:
    """Append to the history."""
    values = [{name: getattr(event, name) for name in EVENT_COLUMNS} for event in events]
    connection.execute(INSERT_EVENTS.encode(), (Jsonb(values),))


def note_arrival(connection: Connection, commit: str | None, fingerprint: str | None) -> None:
    """Note the commit of a sync that completed, and what the schema is now, None if that was not measured."""
    connection.execute(
        "UPDATE gitmig.state SET commit = %s, fingerprint = %s, changed_at = clock_timestamp()", (commit, fingerprint)
    )


def forget_fingerprint(connection: Connection) -> None:
    """Note that the schema is on its way: what it was when gitmig last left it says nothing any more."""
    connection.execute("UPDATE gitmig.state SET fingerprint = NULL")


def note_fingerprint(connection: Connection, position: int, fingerprint: str | None) -> None:
    """Note what the schema is when the stack ends at this position, None if that is not known."""
    connection.execute("UPDATE gitmig.applied SET fingerprint = %s WHERE position = %s", (fingerprint, position))


def remember_fingerprints(connection: Connection, measured: Mapping[str, str]) -> None:
    """Note what the schema was, by the id of the stack; what was not met again for the longest time makes room."""
    connection.execute(
        "INSERT INTO gitmig.measured (stack, fingerprint) SELECT * FROM unnest(%s::text[], %s::text[]) "
        "ON CONFLICT (stack) DO UPDATE SET fingerprint = excluded.fingerprint, at = excluded.at",
        (list(measured), list(measured.values())),
    )
    connection.execute(
        "DELETE FROM gitmig.measured WHERE stack IN "
        f"(SELECT stack FROM gitmig.measured ORDER BY at DESC, stack OFFSET {MOST_MEASURED})".encode()
    )


def recall_fingerprints(connection: Connection, stacks: Mapping[int, str]) -> None:
    """Fill in what is remembered of the schema at these positions, where nobody has measured it this time."""
    connection.execute(
        "UPDATE gitmig.applied a SET fingerprint = m.fingerprint "
        "FROM unnest(%s::int[], %s::text[]) AS s (position, stack) JOIN gitmig.measured m ON m.stack = s.stack "
        "WHERE a.position = s.position AND a.fingerprint IS NULL",
        (list(stacks), list(stacks.values())),
    )


def note_last_sync(connection: Connection, stayed: int, changing: Sequence[int]) -> None:
    """Note the stack as it is before a sync, of which so many rows will stay, some `changing` (their positions)."""
    with connection.transaction():
        connection.execute(NOTE_LAST_SYNC.encode(), (stayed, stayed, list(changing)))


def extend_last_sync(connection: Connection) -> None:
    """Note that all rows which were written up to now are no later than the last sync."""
    with connection.transaction():
        connection.execute("UPDATE gitmig.last_sync SET ended_at = clock_timestamp()")


def forget_last_sync(connection: Connection) -> None:
    """Note that the database is not as the last sync left it: there is nothing that could be undone."""
    connection.execute("DELETE FROM gitmig.last_sync")


def begin_unfinished(connection: Connection, unfinished: Unfinished) -> None:
    """Note that a script outside a transaction begins, with all that is needed to finish it later."""
    forget_fingerprint(connection)
    connection.execute(
        "INSERT INTO gitmig.unfinished (direction, migration) VALUES (%s, %s)",
        (unfinished.direction.value, Jsonb(_values(unfinished.row))),
    )


def advance_unfinished(connection: Connection, done: int, *, started: bool, indexes: Sequence[int] = ()) -> None:
    """Note how far the script is."""
    connection.execute(
        "UPDATE gitmig.unfinished SET done = %s, started = %s, indexes = %s", (done, started, list(indexes))
    )


def end_unfinished(connection: Connection) -> None:
    """Note that no script is under way outside a transaction."""
    connection.execute("DELETE FROM gitmig.unfinished")


def _values(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}
