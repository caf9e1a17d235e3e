"""Putting values back into rows that are still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.kept.chunks import LATER, Chunks
from gitmig.database.kept.matching import EQUAL, Pair, joined, same
from gitmig.database.kept.saving import heirs
from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.core.kept.item import Item
    from gitmig.core.kept.shape import Shape, Table
    from gitmig.database.connection import Connection
    from gitmig.database.kept.places import Place
    from gitmig.database.kept.saving import Image

GONE = "its row is gone"
STAYING = sql.SQL("NOT k.gone")
UNSURE = "nobody can tell any more whether somebody changed the row since"


def mark(connection: Connection, item: Item, table: Table) -> str | None:
    """Note, before the opposite step runs, which values are as the earlier step left them; returns where.

    A value that somebody changed since then is theirs, and stays.
    """
    pairs = [
        Pair(kept=kept, column=column, table=table.name)
        for kept in item.common
        if kept.heir is not None and (column := table.column(kept.heir))
    ]
    if len(pairs) < len(item.common):
        return None
    name = f"mark_{item.id}"
    tests = [
        sql.SQL("{} AS {}").format(
            same(pair.shown, sql.Identifier("k", str(pair.kept.image))), sql.Identifier(str(pair.kept.image))
        )
        for pair in pairs
        if pair.kept.image is not None
    ]
    connection.execute(
        sql.SQL("CREATE TABLE {} AS SELECT {} FROM {}").format(
            data_table(name),
            sql.SQL(", ").join([sql.SQL("k.n"), *tests]),
            joined(item.data, pairs, table, only=STAYING),
        )
    )
    return name


def mark_all(connection: Connection, items: Iterable[Item], shape: Shape) -> dict[int, str]:
    """Mark every item whose table is there; by the number of the item, where."""
    found = {}
    for item in items:
        table = shape.named(item.heir) if item.heir else None
        if table and (name := mark(connection, item, table)):
            found[item.id] = name
    return found


def notice_deleted(connection: Connection, place: Place, image: Image | None) -> None:
    """Rows that were there as they were kept until this very script deleted them count as gone: they come back whole.

    `image` is the copy of the table from before the script. Without a key a row that was changed looks like one that
    was deleted, so there nothing is done if the script wrote rows.
    """
    whole = {pair.column.name for pair in place.pairs} >= {column.name for column in place.table.stored}
    if place.marks is None or image is None or not whole:
        return
    untouched = [sql.Identifier("m", pair.kept.image) for pair in place.pairs if pair.kept.image is not None]
    conditions = [sql.SQL("m.n = k.n"), sql.SQL("NOT k.gone"), *untouched]
    if not place.key:
        made = joined(image.data, heirs(image, place.table), place.table, "RIGHT JOIN")
        conditions.append(sql.SQL("NOT EXISTS (SELECT FROM {} WHERE k.n IS NULL)").format(made))
    connection.execute(
        sql.SQL("UPDATE {} k SET gone = true FROM {} m WHERE {} AND k.n NOT IN (SELECT k.n FROM {})").format(
            data_table(place.data),
            data_table(place.marks),
            sql.SQL(" AND ").join(conditions),
            place.matched(only=STAYING),
        )
    )


def update(connection: Connection, place: Place) -> None:
    """Give rows back the values the step took or changed. Rows that were refused have the reason in `why`."""
    if place.marks is None and not place.force and any(pair.kept.image for pair in place.pairs):
        _leave_all(connection, place)
        return
    values = [(pair, value) for pair, value in _values(place) if not pair.kept.key]
    row = connection.execute(
        sql.SQL("SELECT min(n), max(n) FROM {} WHERE NOT gone").format(data_table(place.data))
    ).fetchone()
    if not row or row[0] is None:
        return
    connection.execute(
        sql.SQL("UPDATE {} SET why = {} WHERE NOT gone AND why IS NULL AND n NOT IN (SELECT k.n FROM {})").format(
            data_table(place.data), sql.Literal(GONE), place.matched(only=STAYING)
        )
    )
    if not values:
        return

    def work(rows: sql.Composable) -> None:
        with connection.users_path():
            connection.execute(_statement(place, values, rows))

    Chunks(connection, place.data, work, gone=False).run(*row)


def renew_images(connection: Connection, place: Place) -> None:
    """Note of the rows that have to wait for the end of the transaction what they hold by now.

    So it can be told later whether somebody changed them. Rows that somebody had changed before are left at that.
    Without a mark the row itself was not there.
    """
    images = [pair for pair in place.pairs if pair.kept.image is not None]
    if not images or place.marks is None:
        return
    waiting = sql.SQL("NOT k.gone AND k.why = {}").format(LATER)
    untouched = [sql.Identifier("m", str(pair.kept.image)) for pair in images]
    connection.execute(
        sql.SQL("UPDATE {} k SET why = {} WHERE {} AND EXISTS (SELECT FROM {} m WHERE m.n = k.n AND NOT ({}))").format(
            data_table(place.data), UNSURE, waiting, data_table(place.marks), sql.SQL(" AND ").join(untouched)
        )
    )
    fresh = [sql.SQL("{} AS {}").format(pair.shown, sql.Identifier(str(pair.kept.image))) for pair in images]
    sets = [
        sql.SQL("{} = s.{}").format(sql.Identifier(str(pair.kept.image)), sql.Identifier(str(pair.kept.image)))
        for pair in images
    ]
    connection.execute(
        sql.SQL("UPDATE {} k SET {} FROM (SELECT k.n, {} FROM {}) s WHERE s.n = k.n").format(
            data_table(place.data),
            sql.SQL(", ").join(sets),
            sql.SQL(", ").join(fresh),
            place.matched(only=waiting),
        )
    )


def _leave_all(connection: Connection, place: Place) -> None:
    connection.execute(
        sql.SQL("UPDATE {} SET why = {} WHERE NOT gone AND why IS NULL").format(data_table(place.data), UNSURE)
    )


def _values(place: Place) -> Iterator[tuple[Pair, sql.Composable]]:
    """What every column gets: what was lost comes back; what was changed does if nobody changed it since."""
    for pair in place.pairs:
        if pair.kept.heir is None or (place.force and pair.kept.image is not None):
            yield pair, pair.value
        elif pair.kept.image is not None and place.marks is not None:
            mine = sql.Identifier("t", pair.column.name)
            untouched = sql.SQL("coalesce({}, {})").format(  # a row just put back has no mark
                sql.Identifier("m", pair.kept.image), same(pair.shown, sql.Identifier("k", pair.kept.image))
            )
            yield pair, sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(untouched, pair.value, mine)


def _statement(place: Place, values: Sequence[tuple[Pair, sql.Composable]], rows: sql.Composable) -> sql.Composed:
    fresh = [sql.SQL("{} AS {}").format(value, sql.Identifier(f"v{k}")) for k, (_, value) in enumerate(values)]
    sets = [
        sql.SQL("{} = s.{}").format(sql.Identifier(pair.column.name), sql.Identifier(f"v{k}"))
        for k, (pair, _) in enumerate(values)
    ]
    marks: sql.Composable = sql.SQL("")
    if place.marks:
        marks = sql.SQL(" LEFT JOIN {} m ON m.n {} k.n").format(data_table(place.marks), EQUAL)
    return sql.SQL(
        "UPDATE {table} t SET {sets} FROM (SELECT t.tableoid AS oid, t.ctid AS tid, {fresh} FROM {matched}{marks} "
        "WHERE {rows}) s WHERE t.tableoid {equal} s.oid AND t.ctid {equal} s.tid"
    ).format(
        table=place.source,
        sets=sql.SQL(", ").join(sets),
        fresh=sql.SQL(", ").join(fresh),
        matched=place.matched(only=STAYING),
        marks=marks,
        rows=rows,
        equal=EQUAL,
    )
