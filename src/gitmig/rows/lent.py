"""Rows that a schema on the way could not hold, and the one where the plan ends can: there they are lent.

The step that could not hold them brings them back when it is applied again. Until then they stay kept as well; when a
plan applies that step, they are called in before its first apply, as people have left them meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from msgspec.structs import replace
from psycopg import sql

from gitmig.postgres.run_sql import HOPELESS
from gitmig.rows.constraints import foreign_keys, triggers_off
from gitmig.rows.items import Kind, Reason, Restored
from gitmig.rows.originals import rows_of
from gitmig.rows.restore import give_back
from gitmig.rows.store import THEIRS
from gitmig.rows.values import EQUAL, all_of, as_held, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store

LENT = sql.SQL("k.why {} {}").format(EQUAL, sql.Literal(Reason.LENT.value))


def lend(connection: Connection, store: Store, places: Sequence[Place]) -> list[Restored]:
    """Put rows into their places, as far as they fit; they stay kept."""
    found = []
    for place in places:
        item = place.item
        if place.missing or not place.has_types:
            continue
        copy = f"lent_{item.id}"
        store.create(
            copy,
            sql.SQL("SELECT * FROM {} k WHERE k.kind {} {}").format(place.data, EQUAL, sql.Literal(Kind.GONE.value)),
        )
        connection.execute(sql.SQL("UPDATE {} SET why = NULL, detail = NULL").format(data_table(copy)))
        give_back(connection, store, [replace(place, item=replace(item, data=copy))], {})
        went = connection.execute(
            sql.SQL("UPDATE {} k SET why = {}, detail = NULL FROM {} o WHERE o.n {} k.n AND o.why IS NULL").format(
                place.data, sql.Literal(Reason.LENT.value), data_table(copy), EQUAL
            )
        ).rowcount
        store.drop_data(copy)
        if went:
            store.note_reason(item.id, Reason.LENT, None)
            found.append(Restored(table=place.table.name, rows=went))
    return found


def call_in(connection: Connection, store: Store, items: Sequence[Item], places: Sequence[Place]) -> None:
    """Take lent rows out of their places again, as they are by now.

    Where that is not possible, as others refer to them or the table has got more columns, they are its own from now on.
    """
    found = {place.item.id: place for place in places}
    for item in items:
        place = found.get(item.id)
        is_whole = place is not None and not place.missing and place.is_whole and place.has_types
        if place is None or not is_whole or not _take(connection, place):
            connection.execute(sql.SQL("DELETE FROM {} k WHERE {}").format(data_table(item.data), LENT))
        rows = connection.value(
            sql.SQL("SELECT count(*) FROM {} WHERE kind IN ({})").format(data_table(item.data), THEIRS)
        )
        store.shrink(item, rows, Reason.MISFIT, item.detail)


def _take(connection: Connection, place: Place) -> bool:
    """Take the rows out; False, as if nothing had been, if something refers to one of them."""
    lent = rows_of(place, place.pairs, LENT)
    try:
        with connection.transaction(), triggers_off(connection, {place.table.oid}):
            for key in foreign_keys(connection, {place.table.oid}, incoming=True):
                refers = all_of(
                    sql.SQL("t.{} {} f.{}").format(sql.Identifier(other), operator, sql.Identifier(own))
                    for other, operator, own in zip(key.other_columns, key.operators, key.columns)
                )
                query = sql.SQL("SELECT EXISTS (SELECT FROM {} JOIN {} f ON {})").format(lent, key.source, refers)
                if connection.value(query):
                    return False
            if place.key and place.values:
                values = [
                    sql.SQL("{} = {}").format(
                        sql.Identifier(pair.kept.data), as_held(sql.Identifier("t", pair.column.name), pair.kept)
                    )
                    for pair in place.values
                ]
                connection.execute(
                    sql.SQL("UPDATE {} k SET {} FROM {} t WHERE {} AND {}").format(
                        place.data, listed(values), place.table.source, LENT, place.on_key
                    )
                )
            with connection.users_path():
                connection.execute(
                    sql.SQL(
                        "WITH found AS (SELECT k.n, t.tableoid AS oid, t.ctid AS tid FROM {lent}), "
                        "taken AS (DELETE FROM {table} t USING found f "
                        "WHERE t.tableoid {equal} f.oid AND t.ctid {equal} f.tid) "
                        "UPDATE {data} k SET why = NULL FROM found f WHERE f.n {equal} k.n"
                    ).format(lent=lent, table=place.table.source, data=place.data, equal=EQUAL)
                )
            connection.execute(sql.SQL("DELETE FROM {} k WHERE {}").format(place.data, LENT))  # people have deleted it
    except psycopg.Error as error:
        if error.sqlstate in HOPELESS:
            raise
        return False
    return True
