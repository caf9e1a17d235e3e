"""Copying the rows of one database into another; what has no place there is kept, row by row if it must be.

Rows go as a stream, from COPY into COPY. Where a row of a table is refused, all of its rows are tried in parts, and the
ones that do not fit are found by halving.
"""

from __future__ import annotations

import itertools
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.rows.bisect import ABOUT_A_ROW, bisect
from gitmig.rows.constraints import constraints, every_foreign_key, hold, release, row_security, switches
from gitmig.rows.items import REBUILD, Kind
from gitmig.rows.snapshot import saved_column
from gitmig.rows.store import Copy, Store
from gitmig.rows.tables import read_tables
from gitmig.rows.values import TRUE, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from gitmig.migrations.plan import Direction
    from gitmig.postgres.connection import Connection
    from gitmig.rows.constraints import ForeignKey, Hold
    from gitmig.rows.copy_plan import TableCopy
    from gitmig.rows.items import KeptColumn, Subject
    from gitmig.rows.tables import Column, Table

PART = 1000  # rows that are tried together, once it is known that some of the table's do not fit
LINE = re.compile(r"^COPY .*, line (\d+)", re.MULTILINE)
# Items that came along have their numbers already.
GO_ON = b"""
    SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('gitmig_kept.item', 'id'), max(id))
    FROM gitmig_kept.item HAVING max(id) > 0
"""


class KeptFor(Struct, frozen=True, kw_only=True):
    """On whose account rows are set aside: they come back when the opposite step of this migration runs."""

    subject: Subject
    direction: Direction
    by: str
    commit: str | None


class Aside(Struct, frozen=True, kw_only=True):
    """Rows of table `table`, with its schema, that are kept as `item`; `reason` says why."""

    table: str
    rows: int
    item: int
    reason: str


class Copied(Struct, frozen=True, kw_only=True):
    """How many rows of a table arrived, and what was set aside: rows that do not fit, values of lost columns."""

    table: str
    rows: int
    aside: tuple[Aside, ...] = ()


class Asides:
    """Sets rows aside in the new database, whose kept rows have come along before."""

    def __init__(self, new: Connection, kept_for: KeptFor) -> None:
        self._new = new
        self._kept_for = kept_for
        self._store = Store(new, kept_for.by, kept_for.commit)

    def put(
        self,
        table: Table,
        columns: Sequence[Column],
        lines: Iterable[bytes],
        reason: str,
        *,
        both: Collection[str] | None,
        kind: Kind = Kind.GONE,
    ) -> Aside | None:
        """Keep rows of the table, as COPY writes them in text form. None if there are no lines.

        `both` names the columns that both sides have, None if the new one lacks the table. `kind` is PAIRED if the rows
        are there and only some of their columns are not. Built-in types stay; of the others only the text is kept, for
        the new database need not have them.
        """
        rest = iter(lines)
        first = next(rest, None)
        if first is None:
            return None
        self.number_on()
        data = f"aside_{self._store.number()}"
        kept = _kept(table, columns, both)
        rows = self._fill(data, kept, itertools.chain((first,), rest), kind)
        heir = None if both is None else table.name
        copy = Copy(table=table.name, heir=heir, columns=kept, rows=rows, data=data)
        number, _ = self._store.add(self._kept_for.subject, self._kept_for.direction, copy)
        if self._kept_for.subject.checksum != REBUILD and (heir is None or kind is Kind.PAIRED):
            self._store.await_place(number)
        return Aside(table=table.name.full, rows=rows, item=number, reason=reason)

    def number_on(self) -> None:
        """Have the next item get a number of its own: those that came along have theirs."""
        self._new.execute(GO_ON)

    def _fill(self, data: str, columns: Sequence[KeptColumn], lines: Iterable[bytes], kind: Kind) -> int:
        """Make a table of the form of an item and copy the rows into it; how many there are."""
        self._store.create_empty(data, columns)
        names = listed(map(sql.Identifier, ("n", "kind", "has_fresh", *(column.data for column in columns))))
        into = sql.SQL("COPY {} ({}) FROM STDIN {}").format(data_table(data), names, _form(self._new))
        before = "\t".join(("%d", kind.value, "f", *([""] if columns else []))).encode()
        with self._new.cursor() as cursor:
            with cursor.copy(into) as sink:
                for number, line in enumerate(lines, 1):
                    sink.write(before % number + line)
            return cursor.rowcount


def _kept(table: Table, columns: Sequence[Column], both: Collection[str] | None) -> tuple[KeptColumn, ...]:
    """The columns as the book of kept rows has them.

    Built-in types stay what they are where their binary form means the same everywhere; the text of others is that of
    COPY, also of composite values.
    """
    lasting = {column.name for column in columns if both is None or column.name in both}
    key = {column.name for column in table.key_columns}
    if not key <= lasting:
        key = set()
    return tuple(
        replace(
            saved_column(column, place),
            heir=column.name if column.name in lasting else None,
            native=column.portable,
            key=column.name in key,
            like=not key and column.name in lasting,
            composite=False,
            parts=(),
        )
        for place, column in enumerate(columns, 1)
    )


def copy_table(old: Connection, new: Connection, way: TableCopy, asides: Asides) -> Copied:
    """Copy the table's rows into its namesake, which is emptied first. Raises GitmigError if a row is missing then.

    Values of columns that the new table lacks are set aside with the row's key, and so are rows that do not fit.
    """
    new.execute(sql.SQL("TRUNCATE {}").format(way.new.source))
    misfits = None
    if way.misfit:
        columns = _columns(way)
        with _lines(old, way.old, columns) as lines:
            misfits = asides.put(way.old, columns, lines, f"column {way.misfit} needs a value", both=way.columns)
    elif not _copy_whole(old, new, way):
        misfits = _copy_what_fits(old, new, way, asides)
    found, expected = _count(new, way.new), _count(old, way.old)
    if found + (misfits.rows if misfits else 0) != expected:
        hint = "this is a bug in gitmig, please report it; the database is as it was before"
        raise GitmigError(f"of {expected} rows of {way.old.name.full} {found} arrived in the new database", hint=hint)
    found_no_place = (misfits, _set_columns_aside(old, way, asides))
    return Copied(table=way.new.name.full, rows=found, aside=tuple(aside for aside in found_no_place if aside))


def set_table_aside(old: Connection, table: Table, asides: Asides) -> Aside | None:
    """Keep all rows of a table that the new database does not have; None if there are none."""
    with _lines(old, table, table.stored) as lines:
        return asides.put(table, table.stored, lines, "the target has no such table", both=None)


@contextmanager
def all_held(new: Connection, asides: Asides) -> Iterator[list[Aside]]:
    """Everything held back that is in the way of rows while the block copies them.

    Afterwards rows that a foreign key refuses are set aside, and so are those that refer to them: see the list then.
    """
    code, checks = [*switches(new), *row_security(new)], constraints(new)
    keys = every_foreign_key(new)
    with new.transaction():
        hold(new, code)
        hold(new, checks)
    refused: list[Aside] = []
    yield refused
    if not _checked(new, checks):
        tables = read_tables(new).by_oid
        while found := [one for key in keys if (one := _set_violators_aside(new, key, tables[key.root], asides))]:
            refused += found
        if not _checked(new, checks):
            raise GitmigError(
                "a foreign key of the target refuses rows in a way that gitmig cannot tell apart",
                hint="`gitmig diff` names what differs; correct the rows and run the command again",
            )
    with new.transaction():
        release(new, reversed(code))


def _checked(new: Connection, checks: Iterable[Hold]) -> bool:
    """Bring the constraints back; False if a row is refused, and then nothing has happened."""
    try:
        with new.transaction():
            release(new, checks)
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


def _set_violators_aside(new: Connection, key: ForeignKey, table: Table, asides: Asides) -> Aside | None:
    """Keep the rows that a foreign key of the table, or of a partition of it, refuses."""
    names = [column.name for column in table.stored]
    statement = sql.SQL("COPY (DELETE FROM {} t WHERE {} RETURNING {}) TO STDOUT {}").format(
        key.source, key.dangling, listed(sql.Identifier("t", name) for name in names), _form(new)
    )
    with new.cursor() as cursor, cursor.copy(statement) as rows:
        lines = [bytes(row) for row in rows]
    return asides.put(table, table.stored, lines, f"foreign key {key.name} refuses them", both=names)


def _copy_whole(old: Connection, new: Connection, way: TableCopy) -> bool:
    """All rows in one stream; False if one of them does not fit, and then nothing has happened."""
    names = listed(map(sql.Identifier, way.columns))
    form = _form(old, binary=way.binary)
    source = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT {}").format(names, way.old.source, form)
    into = sql.SQL("COPY {} ({}) FROM STDIN {}").format(way.new.plain, names, form)
    try:
        with (
            new.transaction(),
            new.users_path(),  # checks and their like are looked up along it
            new.cursor() as a,
            old.cursor() as b,
            a.copy(into) as sink,
            b.copy(source) as rows,
        ):
            for data in rows:
                sink.write(data)
    except psycopg.Error as error:
        if old.info.transaction_status == psycopg.pq.TransactionStatus.INERROR or not _is_about_a_row(error):
            raise
        return False
    return True


def _copy_what_fits(old: Connection, new: Connection, way: TableCopy, asides: Asides) -> Aside | None:
    """The rows in parts; those that do not fit are set aside with all their columns."""
    columns = _columns(way)
    loader = _Loader(new, way, [[c.name for c in columns].index(name) for name in way.columns])
    with _lines(old, way.old, columns) as lines:
        while part := list(itertools.islice(lines, PART)):
            loader.put(part)
    return asides.put(way.old, columns, loader.rejected, loader.reason, both=way.columns)


class _Loader:
    """Puts rows into a table, and finds the ones that do not fit.

    `places` says at which place of a line the columns stand that are copied. `reason` is that of the first row in
    `rejected`.
    """

    def __init__(self, new: Connection, way: TableCopy, places: Sequence[int]) -> None:
        self.rejected: list[bytes] = []
        self.reason = ""
        self._new = new
        self._places = places
        names = listed(map(sql.Identifier, way.columns))
        self._copy = sql.SQL("COPY {} ({}) FROM STDIN {}").format(way.new.plain, names, _form(new))

    def put(self, lines: Sequence[bytes]) -> None:
        """Put them in, in order, as far as they fit."""

        def refuse(part: range, error: psycopg.Error) -> None:
            self.rejected += (lines[at] for at in part)
            self.reason = self.reason or error.diag.message_primary or str(error)

        bisect(range(len(lines)), lambda part: self._try(lines[part.start : part.stop]), refuse, suspect=_line)

    def _try(self, lines: Sequence[bytes]) -> psycopg.Error | None:
        """None if all are in, else why not, and then none is."""
        try:
            with (
                self._new.transaction(),
                self._new.users_path(),
                self._new.cursor() as cursor,
                cursor.copy(self._copy) as into,
            ):
                for line in lines:
                    fields = line.rstrip(b"\n").split(b"\t")
                    into.write(b"\t".join(fields[place] for place in self._places) + b"\n")
        except psycopg.Error as error:
            if not _is_about_a_row(error):
                raise
            return error
        return None


def _line(error: psycopg.Error) -> int | None:
    """Which row PostgreSQL says it was, from 0; None if it says so in another language."""
    found = LINE.search(error.diag.context or "")
    return int(found[1]) - 1 if found else None


def _set_columns_aside(old: Connection, way: TableCopy, asides: Asides) -> Aside | None:
    """The values of the columns that the new table lacks, with what tells the row: its key, or all of it."""
    if not way.lost or way.misfit:  # rows that do not fit at all have everything with them
        return None
    key = [column.name for column in way.old.key_columns]
    wanted = {*way.lost, *(key or way.columns)}
    columns = [column for column in way.old.columns if column.name in wanted]
    some = sql.SQL(" OR ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in way.lost)
    reason = f"the target has no column {', '.join(way.lost)}"
    with _lines(old, way.old, columns, some) as lines:
        return asides.put(way.old, columns, lines, reason, both=way.columns, kind=Kind.PAIRED)


@contextmanager
def _lines(
    old: Connection, table: Table, columns: Sequence[Column], condition: sql.Composable = TRUE
) -> Iterator[Iterator[bytes]]:
    """The rows as COPY writes them in text form; the server sends one line per message.

    Whatever happens meanwhile, the COPY is ended: a connection within one cannot even be closed.
    """
    query = sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT {}").format(
        listed(sql.Identifier(column.name) for column in columns), table.source, condition, _form(old)
    )
    with old.cursor() as cursor, cursor.copy(query) as rows:
        yield map(bytes, rows)


def _columns(way: TableCopy) -> list[Column]:
    """The columns of a whole old row: what it stores, and what the new table will store."""
    return [column for column in way.old.columns if not column.generated or column.name in way.columns]


def _count(connection: Connection, table: Table) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.source)).fetchone()
    return int(row[0]) if row else 0


def _form(connection: Connection, *, binary: bool = False) -> sql.Composed:
    """Rows go from one database to the other in the server's own encoding, without being converted."""
    encoding = connection.info.parameter_status("server_encoding") or "UTF8"
    return sql.SQL("(FORMAT {}, ENCODING {})").format(sql.SQL("binary" if binary else "text"), sql.Literal(encoding))


def _is_about_a_row(error: psycopg.Error) -> bool:
    return (error.sqlstate or "").startswith(ABOUT_A_ROW)
