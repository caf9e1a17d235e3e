"""Kept values whose rows are told apart by a key that a step takes away: from then on by the one that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from psycopg import sql

from gitmig.rows.values import EQUAL, all_of, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item, KeptColumn
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Table


def follow_key(connection: Connection, store: Store, taken: Item, after: Table) -> None:
    """Let other items know their rows by the key of the table `after`; `taken` has its values, and lost the old key's.

    An item of which a row is unknown there stays as it is.
    """
    wanted = {column.name for column in after.key_columns}
    key = [column for column in taken.columns if column.heir in wanted]
    lost = {column.name for column in taken.lost}
    for item in store.taken_from(taken.table) if wanted and len(key) == len(wanted) else ():
        old = [column for column in item.columns if column.key]
        if item.id != taken.id and not lost.isdisjoint(str(column.heir) for column in old):
            _give_key(connection, store, item, taken, key)


def _give_key(connection: Connection, store: Store, item: Item, taken: Item, key: Sequence[KeptColumn]) -> None:
    """Let an item know its rows by columns that `taken` has, and its own key no more, if `taken` knows all of them."""
    held = {column.name: column for column in taken.columns}
    old = [column for column in item.columns if column.key]
    if any(column.heir not in held for column in old):
        return
    rows, others = data_table(item.data), data_table(taken.data)
    same_row = all_of(
        sql.SQL("v.{}::pg_catalog.text {} k.{}::pg_catalog.text").format(
            sql.Identifier(column.data), EQUAL, sql.Identifier(held[str(column.heir)].data)
        )
        for column in old
    )
    unknown = sql.SQL("SELECT EXISTS (SELECT FROM {} v WHERE NOT EXISTS (SELECT FROM {} k WHERE {}))")
    if connection.execute(unknown.format(rows, others, same_row)).fetchone() == (True,):
        return
    new = [_as_key(column, f"r{taken.id}_{column.data}") for column in key]
    types = [sql.SQL("ADD COLUMN {} {}").format(sql.Identifier(one.data), sql.SQL(one.held_type)) for one in new]
    values = [
        sql.SQL("{} = k.{}").format(sql.Identifier(ours.data), sql.Identifier(theirs.data))
        for ours, theirs in zip(new, key)
    ]
    connection.execute(sql.SQL("ALTER TABLE {} {}").format(rows, listed(types)))
    connection.execute(sql.SQL("UPDATE {} v SET {} FROM {} k WHERE {}").format(rows, listed(values), others, same_row))
    store.note_columns(item, [*new, *(column for column in item.columns if not column.key)])


def _as_key(column: KeptColumn, data: str) -> KeptColumn:
    return replace(column, name=str(column.heir), data=data, image=None, fresh=None, key=True, like=False)
