"""Reading and writing the ledger's tables. A database without a ledger is at the empty set.

Reading writes nothing. Each call that writes stands inside the transaction of what it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, kwargs_row
from psycopg.types.json import Jsonb

from gitmig.ledger import schema
from gitmig.ledger.access import KEPT_ITEMS, is_there
from gitmig.ledger.rows import COLUMNS, EVENT_COLUMNS, LastSync, Row, State, Unfinished, applied, scripts
from gitmig.migrations.plan import Direction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gitmig.ledger.rows import HistoryEntry
    from gitmig.migrations.plan import Applied, Move
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


def keeps_rows(connection: Connection) -> bool:
    """Whether anything is in the list of kept rows; there need be no ledger."""
    return is_there(connection, KEPT_ITEMS) and bool(connection.value(f"SELECT EXISTS (SELECT FROM {KEPT_ITEMS})"))


def read_state(connection: Connection) -> State:
    """The applied stack without its scripts; an empty one where there is no ledger yet. Writes nothing."""
    version = schema.version(connection)
    if version == 0:
        return State()
    fingerprint = "fingerprint" if version >= schema.WITH_FINGERPRINTS else "NULL AS fingerprint"
    with connection.pipeline():
        where = connection.execute(f"SELECT commit, {fingerprint} FROM gitmig.state".encode())
        unfinished = connection.cursor(row_factory=kwargs_row(_unfinished)).execute(
            "SELECT direction, migration, done, started, indexes FROM gitmig.unfinished"
        )
        stack = connection.cursor(row_factory=kwargs_row(applied)).execute(
            f"SELECT position, version, name, path, blobs, checksum, down IS NULL AS irreversible, {fingerprint} "
            "FROM gitmig.applied ORDER BY position".encode()
        )
    commit, measured = where.fetchone() or (None, None)
    return State(stack=tuple(stack.fetchall()), commit=commit, fingerprint=measured, unfinished=unfinished.fetchone())


# A column that is renamed keeps its place; one that is added stands behind what is left of the one that was dropped.
ADDED = """
    SELECT a.attrelid::regclass::text || '.' || pg_catalog.quote_ident(a.attname)
    FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute d WHERE d.attrelid = a.attrelid AND d.attisdropped AND d.attnum < a.attnum
            AND pg_catalog.age(d.xmin) < (SELECT min(pg_catalog.age(s.xmin)) FROM gitmig.state s))
"""


def read_added(connection: Connection) -> frozenset[str]:
    """Columns before which one was dropped since the ledger was written: no new names of that one."""
    return (
        frozenset(name for (name,) in connection.execute(ADDED.encode())) if schema.version(connection) else frozenset()
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
    since = {
        "fingerprint": schema.WITH_FINGERPRINTS,
        "renamings": schema.WITH_RENAMINGS,
        "printed": schema.WITH_PRINTED,
    }
    names = ", ".join(name if version >= since.get(name, 1) else f"NULL AS {name}" for name in COLUMNS)
    query = f"SELECT {names} FROM gitmig.applied WHERE position > %s ORDER BY position"
    found = connection.cursor(row_factory=class_row(Row)).execute(query.encode(), (after,)).fetchall()
    return {row.position: row for row in found}


def read_programs(connection: Connection) -> list[Row]:
    """The rows of the stack whose scripts are programs, of which a build may have to run the ups again."""
    if schema.version(connection) < schema.WITH_PRINTED:  # no earlier gitmig ran any
        return []
    query = f"SELECT {', '.join(COLUMNS)} FROM gitmig.applied WHERE language <> 'sql' ORDER BY position"
    return connection.cursor(row_factory=class_row(Row)).execute(query.encode()).fetchall()


def read_last_sync(connection: Connection) -> LastSync | None:
    """The stack before the last sync; None if there was none, or it is not remembered."""
    if schema.version(connection) < schema.WITH_LAST_SYNC:
        return None
    cursor = connection.cursor(row_factory=kwargs_row(_last_sync))
    return cursor.execute("SELECT stayed, went, commit, began_at FROM gitmig.last_sync").fetchone()


def read_last_event(connection: Connection) -> tuple[str, str | None] | None:
    """What was done last with the database, as the history calls it, and its note; None if nothing was."""
    if schema.version(connection) == 0:
        return None
    return connection.execute("SELECT action, note FROM gitmig.history ORDER BY id DESC LIMIT 1").fetchone()


def read_last_use(connection: Connection) -> datetime | None:
    """When something was done last with the database; None if nothing was."""
    if schema.version(connection) == 0:
        return None
    at: datetime | None = connection.value("SELECT max(at) FROM gitmig.history")
    return at


def read_fingerprints(connection: Connection, stacks: Sequence[str]) -> dict[str, str]:
    """What the schema was, by the ids of those of the stacks of which it is remembered."""
    query = "SELECT stack, fingerprint FROM gitmig.measured WHERE stack = ANY (%s)"
    return dict(connection.execute(query, (list(stacks),)).fetchall())


def _last_sync(*, stayed: int, went: list[dict[str, Any]], commit: str | None, began_at: datetime) -> LastSync:
    # an earlier gitmig may have noted them without columns that came later
    rows = tuple(Row(**{name: values[name] for name in COLUMNS if name in values}) for values in went)
    return LastSync(stayed=stayed, went=rows, commit=commit, began_at=began_at)


def _unfinished(
    *, direction: str, migration: dict[str, Any], done: int, started: bool, indexes: list[int] | None
) -> Unfinished:
    return Unfinished(
        direction=Direction(direction),
        row=Row(**migration),
        done=done,
        started=started,
        indexes=tuple(indexes or ()),
    )


def add(connection: Connection, rows: Sequence[Row]) -> None:
    """Mark migrations as applied."""
    connection.execute(INSERT_ROWS.encode(), (Jsonb([_values(row) for row in rows]),))


def remove(connection: Connection, positions: Sequence[int]) -> None:
    """Mark migrations as no longer applied."""
    connection.execute("DELETE FROM gitmig.applied WHERE position = ANY(%s)", (list(positions),))


def rearrange(connection: Connection, order: Sequence[Applied], before: Sequence[Applied]) -> None:
    """Let the stack be in another order; `before` is what it is now. What the last sync did cannot be undone then."""
    places = {one.version.text: one.position for one in before}
    changed = [one for one in order if places[one.version.text] != one.position]
    with connection.transaction():
        # twice, as no two rows may have one position at any time
        connection.execute(
            "UPDATE gitmig.applied SET position = position + %s WHERE position = ANY (%s)",
            (len(before), [places[one.version.text] for one in changed]),
        )
        connection.execute(
            "UPDATE gitmig.applied a SET position = s.position, fingerprint = s.fingerprint "
            "FROM unnest(%s::int[], %s::int[], %s::text[]) AS s (old, position, fingerprint) WHERE a.position = s.old",
            (
                [places[one.version.text] + len(before) for one in changed],
                [one.position for one in changed],
                [one.fingerprint for one in changed],
            ),
        )
        forget_last_sync(connection)


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


def record(connection: Connection, events: Sequence[HistoryEntry]) -> None:
    """Append to the history."""
    values = [{name: getattr(event, name) for name in EVENT_COLUMNS} for event in events]
    connection.execute(INSERT_EVENTS.encode(), (Jsonb(values),))


def note_arrival(connection: Connection, commit: str | None, fingerprint: str | None) -> None:
    """Note the commit of a sync that completed, and what the schema is now, None if that was not measured.

    In a savepoint of its own, whose number is above those of the scripts: `read_added` compares them.
    """
    connection.execute("SAVEPOINT arrival")
    connection.execute(
        "UPDATE gitmig.state SET commit = %s, fingerprint = %s, changed_at = clock_timestamp()", (commit, fingerprint)
    )
    connection.execute("RELEASE arrival")


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
