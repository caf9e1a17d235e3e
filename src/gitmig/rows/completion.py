"""Rows that come back whole to a table with more columns than they had: what other items hold of the very same rows.

A column that one set of migrations makes in a step of its own, and another with the table, is kept apart from the rows
on the way from one to the other. Both belong together where the rows come back, also if no step brings the column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.rows.items import Kind
from gitmig.rows.places import holds_exactly
from gitmig.rows.values import EQUAL, Pair, data_table, likeness, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item, KeptColumn
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store


class Lender(Struct, frozen=True, kw_only=True):
    """An item that holds values of rows of another one, and the columns that these belong into.

    `data` names a table with the numbers of the rows of both, `n` and `lender`, and the values.
    """

    item: Item
    pairs: tuple[Pair, ...]
    data: str

    @property
    def has_row(self) -> sql.Composable:
        """It holds something of row `k`."""
        return sql.SQL("EXISTS (SELECT FROM {} l WHERE l.n {} k.n)").format(data_table(self.data), EQUAL)

    @property
    def join(self) -> sql.Composable:
        """Its values beside row `k`."""
        alias = sql.Identifier(self.data)
        return sql.SQL(" JOIN {} {alias} ON {alias}.n {} k.n").format(data_table(self.data), EQUAL, alias=alias)

    @property
    def values(self) -> list[tuple[Pair, sql.Composable]]:
        """What the columns get."""
        return [(pair, pair.fit(pair.kept.data, same_type=pair.same_type, alias=self.data)) for pair in self.pairs]


def find_lenders(connection: Connection, store: Store, place: Place) -> list[Lender]:
    """What there is for columns of the place's table that its rows do not have: one item for a column, the newest.

    Of one whose type the column does not have only if there is no other, and if it holds all of the values exactly.
    """
    numbers = {pair.column.number for pair in place.pairs}
    lacking = {column.name: column for column in place.table.stored if column.number not in numbers}
    items = store.taken_from(place.item.table)[::-1] if lacking else []
    found: list[Lender] = []
    for item, same_type in [(item, True) for item in items] + [(item, False) for item in items]:
        pairs = tuple(
            Pair(kept=kept, column=lacking[kept.name], table=place.table.name)
            for kept in item.lost
            if kept.name in lacking and (kept.type == lacking[kept.name].type) is same_type
        )
        pairs = tuple(pair for pair in pairs if holds_exactly(connection, data_table(item.data), [pair]))
        if pairs and (known := known_by(item, place, found)):
            data = f"lent_{place.item.id}_{item.id}_{len(found)}"
            store.create(data, same_rows(place, item, known, _lent(pairs), found))
            found.append(Lender(item=item, pairs=pairs, data=data))
            for pair in pairs:
                del lacking[pair.column.name]
    return found


def known_by(
    item: Item, place: Place, lenders: Sequence[Lender] | None = None
) -> list[tuple[KeptColumn, sql.Composable]]:
    """The columns by which a row of the item is found among rows `k` of the place, with what these have there.

    None: it cannot be. Without a key these are all columns; what the rows lack has to come from the `lenders` so far,
    and is null where nobody has kept it.
    """
    own: dict[str | None, sql.Composable] = {}
    for lender in lenders or ():
        own |= {pair.kept.name: sql.Identifier(lender.data, pair.kept.data) for pair in lender.pairs}
    own |= {kept.name: sql.Identifier("k", kept.data) for kept in place.item.columns}
    key = [kept for kept in item.columns if kept.key]
    telling = key or [kept for kept in item.columns if kept.shown is not None]
    unknown = {kept.heir for kept in telling} - own.keys()
    if unknown and (key or lenders is None or len(unknown) == len(telling)):
        return []
    return [(kept, own.get(kept.heir, sql.NULL)) for kept in telling]


def _lent(pairs: Iterable[Pair]) -> list[sql.Composable]:
    return [sql.SQL("l.n AS lender"), *(sql.Identifier("l", pair.kept.data) for pair in pairs)]


def same_rows(
    place: Place,
    item: Item,
    known: Iterable[tuple[KeptColumn, sql.Composable]],
    values: Iterable[sql.Composable],
    lenders: Iterable[Lender] = (),
) -> sql.Composed:
    """Rows of both that show the same, each once: n, and values of `o`, the place's row, and `l`, the item's."""
    theirs, ours = zip(*known)
    rows = sql.SQL("SELECT k.*, {0} AS likeness, pg_catalog.row_number() OVER (PARTITION BY {0} ORDER BY k.n) AS copy ")
    other = likeness(sql.Identifier("k", str(kept.shown)) for kept in theirs)
    return sql.SQL(
        "SELECT o.n, {values} FROM ({ours}FROM {own} k{lent}) o JOIN ({theirs}FROM {lender} k "
        "WHERE k.kind {equal} {paired}) l ON l.likeness {equal} o.likeness AND l.copy {equal} o.copy"
    ).format(
        values=listed(values),
        ours=rows.format(likeness(ours)),
        own=place.data,
        lent=sql.SQL("").join(lender.join for lender in lenders),
        theirs=rows.format(other),
        lender=data_table(item.data),
        equal=EQUAL,
        paired=sql.Literal(Kind.PAIRED.value),
    )
