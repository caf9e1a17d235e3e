"""Streaming rows from the old database into the new one; what a constraint refuses is set aside, row by row."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.database.rebuild.session import encoding
from gitmig.database.rebuild.tables import alone, count_rows, identifier
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.core.carrying import Carry, Column, Table
    from gitmig.database.connection import Connection
    from gitmig.database.rebuild.aside import Aside, Asides

ALL = sql.SQL("true")
CHUNK = 1000  # rows that are tried together, once it is known that some of the table's do not fit
# Classes of SQLSTATE that are about a row: its data, a constraint, or what a function of a constraint raised.
ABOUT_A_ROW = re.compile("^(?:22|23|P0)")
LINE = re.compile(r"^COPY .*, line (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How many rows of a table arrived, and what was set aside: rows that do not fit, values of lost columns."""

    table: str
    rows: int
    aside: tuple[Aside, ...] = ()


def carry(old: Connection, new: Connection, way: Carry, asides: Asides) -> Carried:
    """Copy the table's rows into its namesake, which is emptied first. Raises GitmigError if a row is missing then.

    Values of columns that the new table lacks are set aside with the row's key, and so are rows that do not fit.
    """
    new.execute(sql.SQL("TRUNCATE {}").format(alone(way.new)))
    misfits = None
    if way.misfit:
        reason = f"column {way.misfit} needs a value"
        columns = _columns(way)
        with _lines(old, way.old, columns) as lines:
            misfits = asides.put(way.old, columns, lines, reason, both=way.columns)
    elif not _carry_whole(old, new, way):
        misfits = _carry_what_fits(old, new, way, asides)
    found, expected = count_rows(new, way.new), count_rows(old, way.old)
    if found + (misfits.rows if misfits else 0) != expected:
        hint = "this is a bug in gitmig, please report it; the database is as it was before"
        raise GitmigError(f"of {expected} rows of {way.old.label} {found} arrived in the new database", hint=hint)
    found_no_place = (misfits, _set_columns_aside(old, way, asides))
    return Carried(table=way.new.label, rows=found, aside=tuple(aside for aside in found_no_place if aside))


def set_table_aside(old: Connection, table: Table, asides: Asides) -> Aside | None:
    """Keep all rows of a table that the new database does not have; None if there are none."""
    columns = [column for column in table.columns if column.stored]
    with _lines(old, table, columns) as lines:
        return asides.put(table, columns, lines, "the target has no such table", both=None)


def _carry_whole(old: Connection, new: Connection, way: Carry) -> bool:
    """All rows in one stream; False if one of them does not fit, and then nothing has happened."""
    names = sql.SQL(", ").join(map(sql.Identifier, way.columns))
    form = sql.SQL("(FORMAT {}, ENCODING {})").format(
        sql.SQL("binary" if way.binary else "text"), sql.Literal(encoding(old))
    )
    source = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT {}").format(names, alone(way.old), form)
    into = sql.SQL("COPY {} ({}) FROM STDIN {}").format(identifier(way.new), names, form)
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


def _carry_what_fits(old: Connection, new: Connection, way: Carry, asides: Asides) -> Aside | None:
    """The rows in chunks; those that do not fit are set aside with all their columns."""
    columns = _columns(way)
    placer = _Placer(new, way, [[c.name for c in columns].index(name) for name in way.columns])
    chunk: list[bytes] = []
    with _lines(old, way.old, columns) as lines:
        for line in lines:
            chunk.append(line)
            if len(chunk) == CHUNK:
                placer.place(chunk)
                chunk = []
    placer.place(chunk)
    return asides.put(way.old, columns, placer.rejected, placer.reason, both=way.columns)


class _Placer:
    """Puts rows into a table, and finds the ones that do not fit.

    `places` says at which place of a line the columns stand that are carried. `reason` is that of the first row in
    `rejected`.
    """

    def __init__(self, new: Connection, way: Carry, places: Sequence[int]) -> None:
        self.rejected: list[bytes] = []
        self.reason = ""
        self._new = new
        self._places = places
        names = sql.SQL(", ").join(map(sql.Identifier, way.columns))
        into = sql.SQL("COPY {} ({}) FROM STDIN (ENCODING {})")
        self._copy = into.format(identifier(way.new), names, sql.Literal(encoding(new)))

    def place(self, lines: Sequence[bytes]) -> None:
        """Put them in, in order, as far as they fit."""
        waiting = [lines]
        while waiting:
            part = waiting.pop()
            failure = self._try(part)
            if failure is not None and len(part) > 1:
                waiting += reversed(_around(part, _line(failure, len(part))))
            elif failure is not None:
                self.rejected += part
                self.reason = self.reason or failure.diag.message_primary or str(failure)

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


def _line(error: psycopg.Error, count: int) -> int:
    """Which of so many rows PostgreSQL says it was, from 0; the one in the middle if it says so in another language."""
    found = LINE.search(error.diag.context or "")
    return min(int(found[1]), count) - 1 if found else count // 2


def _around(lines: Sequence[bytes], at: int) -> list[Sequence[bytes]]:
    """The rows before the one in question, that one alone, and what follows in two halves: it may have more of them."""
    middle = (at + 1 + len(lines)) // 2
    parts = (lines[:at], lines[at : at + 1], lines[at + 1 : middle], lines[middle:])
    return [part for part in parts if part]


def _set_columns_aside(old: Connection, way: Carry, asides: Asides) -> Aside | None:
    """The values of the columns that the new table lacks, with what tells the row: its key, or all of it."""
    if not way.lost or way.misfit:  # rows that do not fit at all have everything with them
        return None
    wanted = {*way.lost, *(way.old.key or way.columns)}
    columns = [column for column in way.old.columns if column.name in wanted]
    some = sql.SQL(" OR ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in way.lost)
    reason = f"the target has no column {', '.join(way.lost)}"
    with _lines(old, way.old, columns, some) as lines:
        return asides.put(way.old, columns, lines, reason, both=way.columns, gone=False)


@contextmanager
def _lines(
    old: Connection, table: Table, columns: Sequence[Column], condition: sql.Composable = ALL
) -> Iterator[Iterator[bytes]]:
    """The rows as COPY writes them in text form; the server sends one line per message.

    Whatever happens meanwhile, the COPY is ended: a connection within one cannot even be closed.
    """
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    query = sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT (ENCODING {})").format(
        names, alone(table), condition, sql.Literal(encoding(old))
    )
    with old.cursor() as cursor, cursor.copy(query) as rows:
        yield map(bytes, rows)


def _columns(way: Carry) -> list[Column]:
    """The columns of a whole old row: what it stores, and what the new table will store."""
    return [column for column in way.old.columns if column.stored or column.name in way.columns]


def _is_about_a_row(error: psycopg.Error) -> bool:
    return bool(ABOUT_A_ROW.match(error.sqlstate or ""))
