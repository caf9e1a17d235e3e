"""The ledger's rows as values: a migration that is applied, where the database is, what is unfinished, an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gitmig import __version__
from gitmig.migrations import languages
from gitmig.migrations.model import Content, File, Migration, Script, Version, label, set_id
from gitmig.migrations.plan import Applied
from gitmig.schema.model import ObjectKind
from gitmig.schema.noted_renames import Renaming

if TYPE_CHECKING:
    from datetime import datetime

    from gitmig.migrations.plan import Direction


class Row(Struct, frozen=True, kw_only=True):
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
    fingerprint: str | None = None
    renamings: list[tuple[str, str, str]] | None = None
    printed: str | None = None

    @property
    def renamed(self) -> tuple[Renaming, ...] | None:
        """What the up called otherwise; None if nobody looked."""
        if self.renamings is None:
            return None
        return tuple(Renaming(ObjectKind(kind), before, after) for kind, before, after in self.renamings)

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return label(self.version, self.name)

    @property
    def up_sql(self) -> str | None:
        """The SQL of the up; None of a program, unless that is known to have done nothing but print some."""
        return self.up if self.language == SQL else self.printed

    @property
    def down_sql(self) -> str | None:
        """The SQL of the down; None if there is none, or of a program."""
        return self.down if self.language == SQL else None

    @property
    def up_on_fresh(self) -> Script:
        """What a fresh database gets: the up, or the SQL that it printed if that is all it did."""
        up = self.content.up
        if self.language == SQL or self.printed is None:
            return up
        return replace(up, language=languages.by_name(SQL), text=self.printed)

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
                section="down",
                commit=self.commit,
                version=self.version,
            )
        up = Script(
            language=language,
            text=self.up,
            path=self.up_path,
            first_line=self.up_line,
            transactional=self.up_transactional,
            commit=self.commit,
            version=self.version,
        )
        return Content(up=up, down=down)


SQL = "sql"
COLUMNS = Row.__struct_fields__


class State(Struct, frozen=True, kw_only=True):
    """Where the database says it is.

    `commit` is that of the last sync that completed; `unfinished` a script that was interrupted outside a transaction.
    `fingerprint` is what the schema was when gitmig last left it, None if that was not measured.
    """

    stack: tuple[Applied, ...] = ()
    commit: str | None = None
    fingerprint: str | None = None
    unfinished: Unfinished | None = None

    @property
    def set_id(self) -> str:
        """The id of the set the database is at; that of the empty set before the first sync."""
        return set_id((applied.label, applied.blobs) for applied in self.stack)


class Unfinished(Struct, frozen=True, kw_only=True):
    """A script outside a transaction: `done` statements are done, and if `started`, the next one may be, too.

    `indexes` are the oids of those that the next one's table had before it.
    """

    direction: Direction
    row: Row
    done: int = 0
    started: bool = False
    indexes: tuple[int, ...] = ()


class LastSync(Struct, frozen=True, kw_only=True):
    """The stack before the last sync that changed it: its first rows, which `stayed`, and those that `went` or changed.

    Of what stayed, a row that is in `went` was called otherwise, or had another down. `commit` is that of the sync
    before; the sync wrote the ledger first at `began_at`.
    """

    stayed: int
    went: tuple[Row, ...]
    commit: str | None
    began_at: datetime


class HistoryEntry(Struct, frozen=True, kw_only=True):
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


EVENT_COLUMNS = HistoryEntry.__struct_fields__


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


def applied_of(row: Row) -> Applied:
    """A full row without its scripts."""
    return applied(
        position=row.position,
        version=row.version,
        name=row.name,
        path=row.path,
        blobs=row.blobs,
        checksum=row.checksum,
        irreversible=row.down is None,
        fingerprint=row.fingerprint,
    )


def migration_of(row: Row) -> Migration:
    """The migration of a row. Of its files the ledger knows the blobs, and the path of the first: all get that one."""
    parts = (part.partition(":") for part in row.blobs.split())
    files = tuple((role, File(path=row.path, name=row.path, blob=blob)) for role, _, blob in parts)
    return Migration(version=Version(row.version), name=row.name, files=files)


def applied(
    *,
    position: int,
    version: str,
    name: str,
    path: str,
    blobs: str,
    checksum: str,
    irreversible: bool,
    fingerprint: str | None,
) -> Applied:
    """A row without its scripts, from the columns of a query."""
    return Applied(
        position=position,
        version=Version(version),
        name=name,
        path=path,
        blobs=blobs,
        checksum=checksum,
        irreversible=irreversible,
        fingerprint=fingerprint,
    )
