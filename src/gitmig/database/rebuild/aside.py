"""Rows that the new schema has no place for are kept, as a step that takes them away would keep them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.rebuild.session import encoding
from gitmig.rows.items import KeptColumn, Kind
from gitmig.rows.store import Copy, Store
from gitmig.rows.tables import TableName
from gitmig.rows.values import data_table, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gitmig.core.carrying import Column, Table
    from gitmig.core.plan import Direction
    from gitmig.database.connection import Connection
    from gitmig.rows.items import Subject

# Items that came along have their numbers already.
GO_ON = b"""
    SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('gitmig_kept.item', 'id'), max(id))
    FROM gitmig_kept.item HAVING max(id) > 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Rows of table `table`, as people read its name, that are kept as `item`; `reason` says why."""

    table: str
    rows: int
    item: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loser:
    """On whose account rows are set aside: they come back when the opposite step of this migration runs."""

    subject: Subject
    direction: Direction
    by: str
    commit: str | None


class Asides:
    """Sets rows aside in the new database, whose kept rows have come along before."""

    def __init__(self, new: Connection, loser: Loser) -> None:
        self._new = new
        self._loser = loser
        self._store = Store(new, loser.by, loser.commit)

    def put(
        self,
        table: Table,
        columns: Sequence[Column],
        lines: Iterable[bytes],
        reason: str,
        *,
        both: Collection[str] | None,
        gone: bool = True,
    ) -> Aside | None:
        """Keep rows of the table, as COPY writes them in text form. None if there are no lines.

        `both` names the columns that both sides have, None if the new one lacks the table. `gone` says that the rows
        themselves are not there, and not only some of their columns. Built-in types stay; of the others only the text
        is kept, for the new database need not have them.
        """
        rest = iter(lines)
        first = next(rest, None)
        if first is None:
            return None
        self._new.execute(GO_ON)
        number = self._store.next_id()
        kept = _kept(table, columns, both)
        rows = self._fill(f"item_{number}", kept, itertools.chain((first,), rest), gone=gone)
        name = TableName(table.schema, table.name)
        heir = None if both is None else name
        copy = Copy(table=name, heir=heir, columns=kept, rows=rows, data=f"item_{number}", why=None)
        self._store.add(number, self._loser.subject, self._loser.direction, copy)
        return Aside(table=table.label, rows=rows, item=number, reason=reason)

    def _fill(self, data: str, columns: Sequence[KeptColumn], lines: Iterable[bytes], *, gone: bool) -> int:
        """Make the table of an item and copy the rows into it; how many there are."""
        empty = [
            sql.SQL("0::bigint AS n, ''::text AS kind, NULL::text AS why, NULL::text AS detail, false AS has_fresh")
        ] + [
            sql.SQL("NULL::{} AS {}").format(sql.SQL(c.type if c.native else "text"), sql.Identifier(c.data))
            for c in columns
        ]
        self._store.create(data, sql.SQL("SELECT {} LIMIT 0").format(listed(empty)))
        names = listed(map(sql.Identifier, ("n", "kind", "has_fresh", *(column.data for column in columns))))
        statement = sql.SQL("COPY {} ({}) FROM STDIN (ENCODING {})").format(
            data_table(data), names, sql.Literal(encoding(self._new))
        )
        kind = Kind.GONE if gone else Kind.PAIRED
        before = f"%d\t{kind.value}\tf".encode() + (b"\t" if columns else b"")
        with self._new.cursor() as cursor:
            with cursor.copy(statement) as into:
                for number, line in enumerate(lines, 1):
                    into.write(before % number + line)
            return cursor.rowcount


def _kept(table: Table, columns: Sequence[Column], both: Collection[str] | None) -> tuple[KeptColumn, ...]:
    """The columns as the book of kept rows has them."""
    lasting = [column.name for column in columns if both is None or column.name in both]
    key = set(table.key) if table.key and set(table.key) <= set(lasting) else set()
    return tuple(
        KeptColumn(
            name=column.name,
            type=column.type,
            heir=column.name if both is not None and column.name in both else None,
            data=f"c{place}",
            image=None,
            native=column.portable,
            key=column.name in key,
            like=not key and column.name in lasting,
        )
        for place, column in enumerate(columns, 1)
    )
