"""Completing rows that were put aside by the values that the opposite step took from them.

A column that comes back as NOT NULL takes no row without a value. The row was put aside because of that, and the value
is kept from earlier: neither has a place without the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.kept.item import Item, KeptColumn
    from gitmig.database.connection import Connection
    from gitmig.database.kept.saving import Image


def lend(connection: Connection, image: Image, items: Iterable[Item]) -> Image:
    """The image of a table with the lost columns of the items that are due there; only where a key tells rows apart."""
    table = image.loss.table.name
    for item in items:
        if item.heir == table and item.lost and (pairs := _pairs(image, item)):
            image = replace(image, columns=(*image.columns, *_add(connection, image, item, pairs)))
    return image


def _pairs(image: Image, item: Item) -> list[tuple[KeptColumn, KeptColumn]]:
    """The key columns of both; nothing if they are not the same ones."""
    own = {column.name: column for column in image.columns}
    pairs = [(own[kept.heir], kept) for kept in item.key if kept.heir in own]
    return pairs if len(pairs) == len(item.key) else []


def _add(
    connection: Connection, image: Image, item: Item, pairs: list[tuple[KeptColumn, KeptColumn]]
) -> list[KeptColumn]:
    there = {column.heir for column in image.columns}
    lent = [
        replace(column, heir=column.name, data=f"l{item.id}_{column.data}")
        for column in item.lost
        if column.name not in there
    ]
    for column, source in zip(lent, (c for c in item.lost if c.name not in there)):
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
                data_table(image.data),
                sql.Identifier(column.data),
                sql.SQL(column.type if column.native else "text"),
            )
        )
        same = sql.SQL(" AND ").join(
            sql.SQL("k.{}::text = i.{}::text").format(sql.Identifier(mine.data), sql.Identifier(theirs.data))
            for mine, theirs in pairs
        )
        connection.execute(
            sql.SQL("UPDATE {} k SET {} = i.{} FROM {} i WHERE {}").format(
                data_table(image.data),
                sql.Identifier(column.data),
                sql.Identifier(source.data),
                data_table(item.data),
                same,
            )
        )
    return lent
