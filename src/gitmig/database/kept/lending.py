"""Completing rows that are to be put back by the values that are kept for them elsewhere.

A column that comes back as NOT NULL takes no row without a value. Where the row itself was taken by another step, or
was put aside because of just that, neither has a place without the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.database.connection import Connection
    from gitmig.database.kept.matching import Pair
    from gitmig.database.kept.places import Place


def lend(connection: Connection, place: Place, lenders: Iterable[Place]) -> Place:
    """The place of rows with the lost values that others hold for the same table, where a key tells rows apart."""
    for lender in lenders:
        if lender.data != place.data and lender.table.oid == place.table.oid and (keys := _keys(place, lender)):
            place = replace(place, pairs=(*place.pairs, *_add(connection, place, lender, keys)))
    return place


def knows_all(connection: Connection, place: Place, lenders: Iterable[Place]) -> bool:
    """Whether one of the lenders has lost values for every row."""
    for lender in lenders:
        if lender.table.oid == place.table.oid and (keys := _keys(place, lender)):
            unknown = sql.SQL("SELECT EXISTS (SELECT FROM {} k WHERE NOT EXISTS (SELECT FROM {} i WHERE {}))").format(
                data_table(place.data), data_table(lender.data), _same(keys)
            )
            row = connection.execute(unknown).fetchone()
            if row and not row[0]:
                return True
    return False


def _keys(place: Place, lender: Place) -> list[tuple[Pair, Pair]]:
    """The key columns of both; nothing if they are not the same ones."""
    own = {pair.column.number: pair for pair in place.key}
    theirs = {pair.column.number: pair for pair in lender.key}
    return [(own[number], theirs[number]) for number in own] if own.keys() == theirs.keys() else []


def _add(connection: Connection, place: Place, lender: Place, keys: list[tuple[Pair, Pair]]) -> list[Pair]:
    there = {pair.column.number for pair in place.pairs}
    lent = []
    for pair in lender.pairs:
        if pair.kept.heir is None and pair.column.number not in there:
            kept = replace(pair.kept, heir=pair.column.name, data=f"{lender.data}_{pair.kept.data}")
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}").format(
                    data_table(place.data),
                    sql.Identifier(kept.data),
                    sql.SQL(kept.type if kept.native else "text"),
                )
            )
            lent.append((replace(pair, kept=kept), pair))
    if lent:
        connection.execute(_filling(place, lender, keys, lent))
    return [pair for pair, _ in lent]


def _filling(place: Place, lender: Place, keys: list[tuple[Pair, Pair]], lent: list[tuple[Pair, Pair]]) -> sql.Composed:
    values = [
        sql.SQL("{} = i.{}").format(sql.Identifier(new.kept.data), sql.Identifier(old.kept.data)) for new, old in lent
    ]
    return sql.SQL("UPDATE {} k SET {} FROM {} i WHERE {}").format(
        data_table(place.data), sql.SQL(", ").join(values), data_table(lender.data), _same(keys)
    )


def _same(keys: list[tuple[Pair, Pair]]) -> sql.Composable:
    """Row `i` of a lender is about row `k`, which had been there when its values were taken."""
    equal = [
        sql.SQL("k.{}::text = i.{}::text").format(sql.Identifier(mine.kept.data), sql.Identifier(theirs.kept.data))
        for mine, theirs in keys
    ]
    return sql.SQL(" AND ").join([sql.SQL("NOT i.gone"), *equal])
