"""Reading and writing the ledger: what is applied, with everything needed to revert it, and the history."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from gitmig import __version__
from gitmig.core import languages
from gitmig.core.migration import Content, Script, label, set_id
from gitmig.core.plan import Applied, Direction, Move
from gitmig.core.version import Version
from gitmig.database import ledger_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of `gitmig.applied` as gitmig writes it; the columns have the same names."""

    position: int
    version: str
    name: str
    path: str
    blobs: str
    checksum: str
    language: str
    up: str
    up_path: str
    up_line: int
    up_transactional: bool
    down: str | None
    down_path: str | None
    down_line: int | None
    down_transactional: bool | None
    commit: str | None
    applied_by: str
    milliseconds: float
    gitmig_version: str

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return label(self.version, self.name)

    @property
    def content(self) -> Content:
        """Both scripts, as they were when the migration was applied."""
        language = languages.by_name(self.language)
        down = None
        if self.down is not None:
            down = Script(
                language=language,
                text=self.down,
                path=self.down_path or self.path,
                first_line=self.down_line or 1,
                transactional=self.down_transactional is not False,
            )
        up = Script(
            language=language,
            text=self.up,
            path=self.up_path,
            first_line=self.up_line,
            transactional=self.up_transactional,
        )
        return Content(up=up, down=down)


COLUMNS = tuple(field.name for field in fields(Row))
SELECT_ROWS = f"SELECT {', '.join(COLUMNS)} FROM gitmig.applied WHERE position > %s ORDER BY position"
# All rows in one statement: a statement each takes as long as running short scripts does.
INSERT_ROWS = (
    f"INSERT INTO gitmig.applied ({', '.join(COLUMNS)}) "
    f"SELECT {', '.join(COLUMNS)} FROM jsonb_populate_recordset(NULL::gitmig.applied, %s)"
)
IDENTITY = ("version", "name", "path", "blobs")
SCRIPTS = ("up", "up_path", "up_line", "up_transactional", "down", "down_path", "down_line", "down_transactional")
UPDATE_ROW = (
    f"UPDATE gitmig.applied SET {', '.join(f'{name} = %({name})s' for name in IDENTITY + SCRIPTS)} "
    "WHERE position = %(position)s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the database says it is.

    `commit` is that of the last sync that completed; `unfinished` a script that was interrupted outside a transaction.
    """

    stack: tuple[Applied, ...] = ()
    commit: str | None = None
    unfinished: Unfinished | None = None

    @property
    def set_id(self) -> str:
        """The id of the set the database is at; that of the empty set before the first sync."""
        return set_id((applied.label, applied.blobs) for applied in self.stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A script outside a transaction: `done` statements are done, and if `started`, the next one may be, too."""

    direction: Direction
    row: Row
    done: int
    started: bool
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the history."""

    action: str
    done_by: str
    milliseconds: float
    version: str | None = None
    name: str | None = None
    from_set: str | None = None
    to_set: str | None = None
    from_commit: str | None = None
    to_commit: str | None = None
    way: str | None = None
    note: str | None = None
    gitmig_version: str = __version__


EVENT_COLUMNS = tuple(field.name for field in fields(Event))
INSERT_EVENTS = (
    f"INSERT INTO gitmig.history ({', '.join(EVENT_COLUMNS)}) "
    f"SELECT {', '.join(EVENT_COLUMNS)} FROM jsonb_populate_recordset(NULL::gitmig.history, %s) WITH ORDINALITY "
    "ORDER BY ordinality"
)


def read_state(connection: Connection) -> State:
    """The applied stack without its scripts; an empty one where there is no ledger yet. Writes nothing."""
    if ledger_schema.version(connection) == 0:
        return State()
    with connection.pipeline():
        where = connection.execute("SELECT commit FROM gitmig.state")
        unfinished = connection.execute("SELECT direction, migration, done, started, indexes FROM gitmig.unfinished")
        stack = connection.execute(
            "SELECT position, version, name, path, blobs, checksum, down IS NULL FROM gitmig.applied ORDER BY position"
        )
    (commit,) = where.fetchone() or (None,)
    row = unfinished.fetchone()
    return State(
        stack=tuple(_applied(*columns) for columns in stack.fetchall()),
        commit=commit,
        unfinished=_unfinished(*row) if row else None,
    )


def read_rows(connection: Connection, after: int) -> dict[int, Row]:
    """Position → row, scripts included, of the stack above position `after`."""
    found = connection.execute(SELECT_ROWS.encode(), (after,)).fetchall() if ledger_schema.version(connection) else []
    return {columns[0]: Row(**dict(zip(COLUMNS, columns))) for columns in found}


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


def arrive(connection: Connection, commit: str | None) -> None:
    """Note the commit of a sync that completed."""
    connection.execute("UPDATE gitmig.state SET commit = %s, changed_at = clock_timestamp()", (commit,))


def begin_unfinished(connection: Connection, direction: Direction, row: Row) -> None:
    """Note that a script outside a transaction begins, with all that is needed to finish it later."""
    connection.execute(
        "INSERT INTO gitmig.unfinished (direction, migration) VALUES (%s, %s)", (direction.value, Jsonb(_values(row)))
    )


def advance_unfinished(connection: Connection, done: int, *, started: bool, indexes: Sequence[int] = ()) -> None:
    """Note how far the script is."""
    connection.execute(
        "UPDATE gitmig.unfinished SET done = %s, started = %s, indexes = %s", (done, started, list(indexes))
    )


def end_unfinished(connection: Connection) -> None:
    """Note that no script is under way outside a transaction."""
    connection.execute("DELETE FROM gitmig.unfinished")


def scripts(content: Content) -> dict[str, Any]:
    """The columns that hold a migration's scripts."""
    down = content.down
    return {
        "up": content.up.text,
        "up_path": content.up.path,
        "up_line": content.up.first_line,
        "up_transactional": content.up.transactional,
        "down": down.text if down else None,
        "down_path": down.path if down else None,
        "down_line": down.first_line if down else None,
        "down_transactional": down.transactional if down else None,
    }


def _values(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def applied_of(row: Row) -> Applied:
    """A full row without its scripts."""
    return _applied(
        row.position, row.version, row.name, row.path, row.blobs, row.checksum, irreversible=row.down is None
    )


def _applied(  # noqa: PLR0917 - the columns of the query, in its order
    position: int, version: str, name: str, path: str, blobs: str, checksum: str, irreversible: bool
) -> Applied:
    return Applied(
        position=position,
        version=Version(version),
        name=name,
        path=path,
        blobs=blobs,
        checksum=checksum,
        irreversible=irreversible,
    )


def _unfinished(direction: str, migration: dict[str, Any], done: int, started: bool, indexes: list[int]) -> Unfinished:
    return Unfinished(
        direction=Direction(direction),
        row=Row(**migration),
        done=done,
        started=started,
        indexes=tuple(indexes or ()),
    )
