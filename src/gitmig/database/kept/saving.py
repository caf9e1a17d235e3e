"""Saving: copies of tables from before a step, and what remains of them once it is known what the step took."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.core.kept.item import KeptColumn
from gitmig.core.kept.losses import lasting_key, successor
from gitmig.database.kept.matching import Pair, as_text, joined, same, table_name
from gitmig.database.kept.store import Copy, data_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.kept.losses import Loss
    from gitmig.core.kept.shape import Column, Table
    from gitmig.database.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The rows of a table from before a step, in table `data`; with columns n, why, gone, and one per kept column."""

    number: int
    loss: Loss
    data: str
    columns: tuple[KeptColumn, ...]


def take(connection: Connection, loss: Loss, number: int) -> Image:
    """Copy what a table may lose. Native types survive; others become text, so that a step can drop them."""
    data = f"image_{number}"
    columns = tuple(_kept(column, k) for k, column in enumerate(loss.columns, 1))
    values = [
        sql.SQL("{} AS {}").format(_copied(column, sql.Identifier("t", column.name)), sql.Identifier(column.data))
        for column in columns
    ]
    connection.execute(
        sql.SQL("CREATE TABLE {} AS SELECT {} FROM {} t").format(
            data_table(data),
            sql.SQL(", ").join(
                [
                    sql.SQL("pg_catalog.row_number() OVER () AS n"),
                    sql.SQL("NULL::text AS why"),
                    sql.SQL("true AS gone"),
                    *values,
                ]
            ),
            table_name(loss.table),
        )
    )
    return Image(number=number, loss=loss, data=data, columns=columns)


def with_heirs(image: Image, after: Table | None) -> Image:
    """The image once it is known what became of its table and columns."""
    loss = replace(image.loss, after=after)
    key = {column.number for column in lasting_key(loss.table, after)}
    columns = []
    for kept, column in zip(image.columns, loss.columns):
        heir = successor(loss.table, column, after) if after else column
        is_key = column.number in key
        is_like = not key and heir is not None and (heir.type, heir.parts) == (column.type, column.parts)
        shown = f"a{kept.data[1:]}" if after and heir and not is_key and not is_like else None
        name = heir.name if after and heir else None
        columns.append(replace(kept, heir=name, image=shown, key=is_key, like=is_like))
    return replace(image, loss=loss, columns=tuple(columns))


def settle(connection: Connection, image: Image, fragile: Sequence[int]) -> Copy | None:
    """Keep what the step took and nothing else; None if that is nothing.

    Rows the step left as they were are dropped, except the `fragile` ones (by n): the way back would change them.
    """
    data = f"item_{image.number}"
    after = image.loss.after
    if after is None:
        connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(data_table(image.data), sql.Identifier(data)))
    else:
        connection.execute(_difference(image, after, data, fragile))
        if not any(column.key for column in image.columns) and image.loss.rewritten and heirs(image, after):
            _note_made(connection, image, after, data)
        connection.execute(sql.SQL("DROP TABLE {}").format(data_table(image.data)))
    row = connection.execute(
        sql.SQL("SELECT count(gone), (SELECT why FROM {} WHERE why IS NOT NULL ORDER BY n LIMIT 1) FROM {}").format(
            data_table(data), data_table(data)
        )
    ).fetchone()
    if not row or not row[0]:
        connection.execute(sql.SQL("DROP TABLE {}").format(data_table(data)))
        return None
    heir = after.name if after else None
    return Copy(table=image.loss.table.name, heir=heir, columns=image.columns, rows=row[0], data=data, why=row[1])


def changed(connection: Connection, image: Image) -> list[int]:
    """The rows of an image (by n) that are not in the table as it is now, or not as they were."""
    after = image.loss.after
    if after is None:
        return []
    query = sql.SQL("SELECT k.n FROM {} WHERE t.ctid IS NULL OR {}").format(
        joined(image.data, heirs(image, after), after, "LEFT JOIN"), differs(heirs(image, after))
    )
    return [n for (n,) in connection.execute(query)]


def everything(connection: Connection, image: Image) -> list[int]:
    """All rows of an image (by n)."""
    return [n for (n,) in connection.execute(sql.SQL("SELECT n FROM {}").format(data_table(image.data)))]


def is_empty(connection: Connection, image: Image) -> bool:
    """Whether there were no rows at all."""
    row = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(data_table(image.data))).fetchone()
    return not (row and row[0])


def heirs(image: Image, after: Table) -> list[Pair]:
    """The kept columns with what became of them."""
    found = []
    for kept in image.columns:
        column = after.column(kept.heir) if kept.heir is not None else None
        if column is not None:
            found.append(Pair(kept=kept, column=column, table=after.name))
    return found


def _copied(column: KeptColumn, value: sql.Composable) -> sql.Composable:
    return value if column.native else as_text(value, composite=column.composite)


def _kept(column: Column, place: int) -> KeptColumn:
    return KeptColumn(
        name=column.name,
        type=column.type,
        heir=None,
        data=f"c{place}",
        image=None,
        native=column.builtin,
        key=False,
        like=False,
        composite=bool(column.parts),
    )


def _difference(image: Image, after: Table, data: str, fragile: Sequence[int]) -> sql.Composed:
    """The rows that are gone or changed, with what the step made of them beside."""
    pairs = heirs(image, after)
    has_lost = any(column.heir is None for column in image.columns)
    values = [sql.Identifier("k", column.data) for column in image.columns]
    images = [
        sql.SQL("{} AS {}").format(pair.shown, sql.Identifier(pair.kept.image))
        for pair in pairs
        if pair.kept.image is not None
    ]
    condition = (
        sql.SQL("true")
        if has_lost
        else sql.SQL("t.ctid IS NULL OR k.n = ANY({}) OR {}").format(list(fragile), differs(pairs))
    )
    return sql.SQL("CREATE TABLE {} AS SELECT k.n, k.why, t.ctid IS NULL AS gone, {} FROM {} WHERE {}").format(
        data_table(data),
        sql.SQL(", ").join([*values, *images]),
        joined(image.data, pairs, after, "LEFT JOIN"),
        condition,
    )


def _note_made(connection: Connection, image: Image, after: Table, data: str) -> None:
    """Where nothing tells rows apart: note the rows the step made, with `gone` null, if others are gone.

    They are what became of those, and go when those come back.
    """
    like = [pair for pair in heirs(image, after) if pair.kept.like]
    values = [_copied(pair.kept, sql.Identifier("t", pair.column.name)) for pair in like]
    source = joined(image.data, heirs(image, after), after, "RIGHT JOIN")
    connection.execute(
        sql.SQL(
            "INSERT INTO {data} (n, {columns}) SELECT -row_number() OVER (), {values} FROM {source} "
            "WHERE k.n IS NULL AND EXISTS (SELECT FROM {data} d WHERE d.gone)"
        ).format(
            data=data_table(data),
            columns=sql.SQL(", ").join(sql.Identifier(pair.kept.data) for pair in like),
            values=sql.SQL(", ").join(values),
            source=source,
        )
    )


def differs(pairs: Sequence[Pair]) -> sql.Composable:
    """Kept row `k` and row `t` of its table, which have the same key, are not the same."""
    tests = [
        sql.SQL("NOT {}").format(
            same(sql.SQL("{}::pg_catalog.text").format(sql.Identifier("k", pair.kept.data)), pair.shown)
        )
        for pair in pairs
        if not pair.kept.key
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(tests)) if tests else sql.SQL("false")
