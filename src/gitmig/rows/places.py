"""Where kept rows belong: the table as it is now, and which of its columns take which kept values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from psycopg import sql

from gitmig.postgres.run_sql import HOPELESS
from gitmig.rows.constraints import quiet
from gitmig.rows.values import Pair, all_of, data_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item, KeptColumn
    from gitmig.rows.tables import Table, Tables


class Place(Struct, frozen=True, kw_only=True):
    """The rows of an item and the table they belong to.

    `missing` are columns that the table does not have (yet), or computes. `force`: kept values win in any case.
    """

    item: Item
    table: Table
    pairs: tuple[Pair, ...]
    missing: tuple[KeptColumn, ...]
    force: bool = False

    @property
    def data(self) -> sql.Identifier:
        """The table that holds the rows."""
        return data_table(self.item.data)

    @property
    def plan(self) -> str:
        """The table that says what is to be done with each row: n, act, oid, tid; see `merge`."""
        return f"plan_{self.item.id}"

    @property
    def key(self) -> tuple[Pair, ...]:
        """The columns that tell rows apart."""
        return tuple(pair for pair in self.pairs if pair.kept.key)

    @property
    def values(self) -> tuple[Pair, ...]:
        """The other columns."""
        return tuple(pair for pair in self.pairs if not pair.kept.key)

    @property
    def on_key(self) -> sql.Composable:
        """Rows `k` and `t` have the same key."""
        return all_of(pair.equal for pair in self.key)

    @property
    def has_types(self) -> bool:
        """Whether the columns have the types they had when the rows were kept."""
        return all(pair.kept.type == pair.column.type for pair in self.pairs)

    @property
    def is_whole(self) -> bool:
        """Whether all that a row of the table holds is kept."""
        return {pair.column.number for pair in self.pairs} >= {column.number for column in self.table.stored}

    @property
    def unique(self) -> bool:
        """Whether values that are put back, other than keys, may be such as only one row can have."""
        numbers = {pair.column.number for pair in self.values}
        return any(not numbers.isdisjoint(index) for index in self.table.unique)


def find_place(item: Item, tables: Tables, *, force: bool = False) -> Place | None:
    """Where an item belongs; None: nowhere yet."""
    home = item.home
    moved = tables.by_oid.get(home.oid) if home else None
    table = moved or tables.named(item.table)
    if table is None:
        return None
    pairs, missing = [], []
    for kept in item.columns:
        column = table.column(home.renamed(kept.name, moved) if home and moved else kept.name)
        if column is None or column.generated:
            missing.append(kept)
        else:
            pairs.append(Pair(kept=kept, column=column, table=table.name))
    if any(kept.key for kept in missing) or not pairs or item.waits_for({kept.name for kept in missing}):
        return None
    return Place(item=item, table=table, pairs=tuple(pairs), missing=tuple(missing), force=force)


def holds_exactly(connection: Connection, rows: sql.Identifier, pairs: Iterable[Pair]) -> bool:
    """Whether the columns can hold all kept values of these `rows` exactly, although some have other types now."""
    others = [pair for pair in pairs if pair.kept.type != pair.column.type]
    if not others or any(pair.kept.composite for pair in others):
        return not others
    exact = all_of(pair.round_trips for pair in others)
    query = sql.SQL("SELECT NOT EXISTS (SELECT FROM {} k WHERE NOT {})").format(rows, exact)
    try:
        with connection.transaction(), quiet(connection), connection.users_path():
            return connection.execute(query).fetchone() == (True,)
    except psycopg.Error as error:
        if error.sqlstate in HOPELESS:
            raise
        return False
