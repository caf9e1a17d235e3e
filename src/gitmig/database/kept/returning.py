"""Putting back what the opposite step took: all items that are due, as far as there is a place for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.core.kept.report import Restored, Staying
from gitmig.database.constraints import settle_constraints
from gitmig.database.kept.chunks import LATER, ORPHAN
from gitmig.database.kept.guard import identities_writable, triggers_off
from gitmig.database.kept.inserting import Inserter, move_sequences_on
from gitmig.database.kept.lending import lend
from gitmig.database.kept.places import find_place
from gitmig.database.kept.store import data_table
from gitmig.database.kept.updating import GONE, notice_deleted, renew_images, update
from gitmig.database.sending import HOPELESS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.core.kept.item import Item, KeptColumn
    from gitmig.core.kept.shape import Shape
    from gitmig.database.connection import Connection
    from gitmig.database.kept.places import Place
    from gitmig.database.kept.room import Written
    from gitmig.database.kept.store import Store


def fill(connection: Connection, places: Sequence[Place], written: Written) -> None:
    """Put rows and values back. Rows that were refused have the reason in `why`; all others went.

    Where that fails as a whole, all of them are refused: what is kept is never in the way of a sync.
    """
    if not places:
        return
    try:
        with connection.transaction():
            _fill(connection, places, written)
    except psycopg.Error as error:
        if error.sqlstate in HOPELESS:
            raise
        for place in places:
            connection.execute(
                sql.SQL("UPDATE {} SET why = {} WHERE gone IS NOT NULL AND why IS NULL").format(
                    data_table(place.data), error.diag.message_primary or str(error)
                )
            )


def _fill(connection: Connection, places: Sequence[Place], written: Written) -> None:
    tables = {place.table.oid: place.table for place in places}
    settle_constraints(connection)
    with triggers_off(connection, tables), identities_writable(connection, tables.values()):
        Inserter(connection, written).insert(places)
        for place in places:
            update(connection, place)
        _insert_again(connection, places, written)
        settle_constraints(connection)
    for table in tables.values():
        move_sequences_on(connection, table)


def retry(connection: Connection, places: Sequence[Place], written: Written) -> None:
    """Put rows back that `fill` had to refuse, where what stood in their way is gone by now."""
    tables = {place.table.oid: place.table for place in places}
    with triggers_off(connection, tables), identities_writable(connection, tables.values()):
        _insert_again(connection, places, written)
        settle_constraints(connection)


def _insert_again(connection: Connection, places: Sequence[Place], written: Written) -> None:
    """Once more for the rows that were refused, where a key tells them from those that went."""
    refused = [place for place in places if place.key and _reopened(connection, place)]
    if refused:
        Inserter(connection, written).insert(refused)


def _reopened(connection: Connection, place: Place) -> bool:
    """Let the rows that went rest, and those that were refused wait again; whether there are any."""
    data = data_table(place.data)
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE gone AND why <> {})").format(data, LATER)
    found = connection.execute(query).fetchone()
    if not found or not found[0]:
        return False
    connection.execute(sql.SQL("UPDATE {} SET gone = false WHERE gone AND why IS NULL").format(data))
    connection.execute(sql.SQL("UPDATE {} SET why = NULL WHERE gone AND why <> {}").format(data, LATER))
    return True


def put_back(
    connection: Connection,
    store: Store,
    items: Sequence[Item],
    *,
    marks: Mapping[int, str],
    shape: Shape,
    written: Written,
    force: bool = False,
    partial: bool = False,
) -> tuple[list[Restored], list[Staying]]:
    """Put items back into the tables of a shape, newest first: of two versions of a row the newer one counts.

    `marks` say which values nobody changed since; `force` puts all of them back. `partial`: rows of other items come
    back later, and what needs rows that are not there waits.
    """
    places = [
        (item, replace(place, force=force))
        for item in reversed(items)
        if (place := place_in(item, shape, marks.get(item.id)))
    ]
    lenders = [place for _, place in places]
    places = [(item, lend(connection, place, lenders)) for item, place in places]
    for item, place in places:
        connection.execute(sql.SQL("UPDATE {} SET why = NULL WHERE why IS NOT NULL").format(data_table(item.data)))
        notice_deleted(connection, place, written.images.get(place.table.oid))
    fill(connection, [place for _, place in places], written)
    _let_followers_wait(connection, [place for _, place in places], partial=partial)
    restored, staying = [], []
    for item, place in places:
        left, why = finish(connection, store, item, place)
        if item.rows > left:
            restored.append(Restored(table=place.table.name, rows=item.rows - left))
        if left:
            staying.append(Staying(item=item.id, table=item.table, rows=left, why=why, later=why == LATER))
    for name in marks.values():
        store.drop_data(name)
    return restored, staying


def _let_followers_wait(connection: Connection, places: Sequence[Place], *, partial: bool) -> None:
    """What needs a row that has to wait waits with it: rows that refer to it, values."""
    waits = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT 1 FROM {} WHERE why = {}").format(data_table(place.data), LATER) for place in places
    )
    if places and (partial or connection.execute(sql.SQL("{} LIMIT 1").format(waits)).fetchone()):
        for place in places:
            connection.execute(
                sql.SQL("UPDATE {} SET why = {} WHERE starts_with(why, {}) OR why = {}").format(
                    data_table(place.data), LATER, ORPHAN, GONE
                )
            )


def place_in(item: Item, shape: Shape, marks: str | None = None) -> Place | None:
    """Where an item belongs in a shape; None: nowhere yet."""
    home = item.home
    moved = shape.tables.get(home.oid) if home else None
    table = moved or shape.named(item.table)
    if table is None:
        return None

    def name(column: KeptColumn) -> str:
        return home.renamed(column.name, moved) if home and moved else column.name

    place = find_place(item.data, item.columns, table, name, marks)
    if place is None or not item.waits_for({column.name for column in place.missing}):
        return place
    return None


def finish(connection: Connection, store: Store, item: Item, place: Place) -> tuple[int, str]:
    """Forget what was put back; returns how many rows were refused, and why the first one was.

    Values of columns that the table does not have yet are kept for a later step.
    """
    data = data_table(item.data)
    if place.missing:
        _keep_missing(store, item, place)
    connection.execute(sql.SQL("DELETE FROM {} WHERE why IS NULL").format(data))
    renew_images(connection, place)
    row = connection.execute(
        sql.SQL("SELECT count(*), count(*) FILTER (WHERE why = {}), min(why) FROM {}").format(LATER, data)
    ).fetchone()
    left, later, why = row or (0, 0, None)
    if later:
        store.move_home(item)
    store.shrink(item, left, None if later else why)
    return left, LATER if later else why or ""


def _keep_missing(store: Store, item: Item, place: Place) -> None:
    """Turn the rows that went back into an item of their own that holds what they still lack."""
    missing = {column.name for column in place.missing}
    columns = []
    for column in item.columns:
        if column.name in missing:
            columns.append(replace(column, heir=None, image=None, like=False))
        elif column.key or column.like:
            columns.append(replace(column, heir=column.name, image=None))
    store.split(item, columns)
