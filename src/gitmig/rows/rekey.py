"""Kept values whose rows are told apart by a key that a step takes away: from then on by the one that is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.rows.values import EQUAL, all_of, data_table, listed

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Table


def follow_key(connection: Connection, store: Store, taken: Item, after: Table) -> None:
    """Let other items know their rows by the key of the table `after`; `taken` has its values, and lost the old key's.

    An item of which a row is unknown there stays as it is.
    """
    wanted = {column.name for column in after.key_columns}
    key = [column for column in taken.columns if column.heir in wanted]
    lost = {column.name for column in taken.lost}
    held = {column.name: column for column in taken.columns}
    for item in store.taken_from(taken.table) if wanted and len(key) == len(wanted) else ():
        old = [column for column in item.columns if column.key]
        if item.id == taken.id or lost.isdisjoint(str(column.heir) for column in old):
            continue
        if any(column.heir not in held for column in old):
            continue
        new = [
            replace(
                column,
                name=str(column.heir),
                data=f"r{taken.id}_{column.data}",
                image=None,
                fresh=None,
                key=True,
                like=False,
            )
            for column in key
        ]
        data, other = data_table(item.data), data_table(taken.data)
        same_row = all_of(
            sql.SQL("v.{}::pg_catalog.text {} k.{}::pg_catalog.text").format(
                sql.Identifier(column.data), EQUAL, sql.Identifier(held[str(column.heir)].data)
            )
            for column in old
        )
        unknown = sql.SQL("SELECT EXISTS (SELECT FROM {} v WHERE NOT EXISTS (SELECT FROM {} k WHERE {}))")
        if connection.execute(unknown.format(data, other, same_row)).fetchone() == (True,):
            continue
        connection.execute(
            sql.SQL("ALTER TABLE {} {}").format(
                data,
                listed(
                    sql.SQL("ADD COLUMN {} {}").format(sql.Identifier(column.data), sql.SQL(column.held_type))
                    for column in new
                ),
            )
        )
        connection.execute(
            sql.SQL("UPDATE {} v SET {} FROM {} k WHERE {}").format(
                data,
                listed(
                    sql.SQL("{} = k.{}").format(sql.Identifier(ours.data), sql.Identifier(theirs.data))
                    for ours, theirs in zip(new, key)
                ),
                other,
                same_row,
            )
        )
        store.note_columns(item, [*new, *(column for column in item.columns if not column.key)])
