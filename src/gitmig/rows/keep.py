"""Keeping what a step took: of the snapshot from before it, what the other side cannot say by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.migrations.plan import Direction
from gitmig.rows.changes import successor
from gitmig.rows.items import NO_INPUTS, Inputs, Kept, KeptColumn, Kind, Reason
from gitmig.rows.store import THEIRS, Copy
from gitmig.rows.values import EQUAL, TRUE, Pair, all_of, any_of, as_held, data_table, listed, same

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Subject
    from gitmig.rows.places import Place
    from gitmig.rows.snapshot import Pairing, TableSnapshot
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Partition, Table


# Rows. Where there are fewer, it is asked whether any has to be kept before a table is made for them.
FEW = 1000


class Taken(Struct, frozen=True, kw_only=True):
    """A table before a step, and what is known of it afterwards.

    `pairing` is None if the table is gone. `fresh`: the table with what the opposite step would make of it (see
    `opposite.Given`); None: it was not tried, as it writes no rows, or it would make the `same` rows of it. `whole`:
    everything is kept, as that step fails, or takes it. `all_made`: rows that the step made are noted although the
    opposite step takes them away, maybe with people's rows. `only_columns`: the step wrote no rows.
    `why` is what PostgreSQL said of a row that does not fit any more. `people`: rows that were put back, and that the
    step has not made.
    """

    snapshot: TableSnapshot
    pairing: Pairing | None
    after: Table | None
    fresh: str | None = None
    same: bool = False
    whole: bool = False
    all_made: bool = False
    only_columns: bool = False
    why: str | None = None
    people: tuple[Place, ...] = ()
    inputs: Inputs = NO_INPUTS

    @property
    def is_all_there_is(self) -> bool:
        """Whether the snapshot is what has to be kept: all rows of a table that is gone, or values beside keys."""
        if self.same:
            return False
        if self.fresh is not None or self.pairing is None:
            return self.fresh is None
        key = {one.kept.data for one in self.pairing.key}
        there = {one.kept.data for one in self.snapshot.pairs(self.pairing.after)}
        return self.only_columns and bool(key) and there == key and len(key) < len(self.snapshot.columns)


class Keeping:
    """Makes the items of one step."""

    def __init__(self, connection: Connection, store: Store, subject: Subject, direction: Direction) -> None:
        self._connection = connection
        self._store = store
        self._subject = subject
        self._direction = direction

    def keep(self, taken: Taken) -> Kept | None:
        """Keep what has to be; None if people lose nothing."""
        if taken.same and not (taken.pairing and taken.all_made):
            return None
        snapshot = taken.snapshot
        columns = _columns(taken)
        keeps_all = not taken.same and (taken.fresh is None or self._keeps_all(taken))
        if taken.is_all_there_is:
            data = snapshot.data
            rows = theirs = snapshot.rows
            if rows:
                kind = Kind.GONE if taken.after is None else Kind.PAIRED
                self._store.turn(data, kind, is_item=snapshot.is_item)
        else:
            data = f"keep_{snapshot.number}"
            query = self._rows(taken, columns, keeps_all=keeps_all)
            if snapshot.rows < FEW and not self._is_any(query):
                return None
            rows = self._store.create(data, query)
            theirs = self._count_theirs(data) if rows else 0
            if not rows:
                self._store.drop_data(data)
        if not rows:
            return None
        copy = Copy(
            table=snapshot.table.name,
            heir=taken.after.name if taken.after else None,
            columns=self._alike(data, columns),
            rows=theirs,
            data=data,
            why=taken.why,
            all=keeps_all,
            inputs=taken.inputs,
            partitions=_dropped(taken),
        )
        number, size = self._store.add(self._subject, self._direction, copy)
        if taken.why and self._direction is Direction.REVERT:
            self._store.note_reason(number, Reason.MISFIT, taken.why)
        lost = tuple(column.name for column in columns if column.heir is None)
        if not copy.rows:
            return None
        return Kept(
            item=number,
            table=copy.table,
            columns=lost if copy.heir else (),
            rows=copy.rows,
            bytes=size,
            why=taken.why,
        )

    def _is_any(self, query: sql.Composable) -> bool:
        return self._connection.execute(sql.SQL("SELECT EXISTS ({})").format(query)).fetchone() == (True,)

    def _count_theirs(self, data: str) -> int:
        row = self._connection.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE kind IN ({})").format(data_table(data), THEIRS)
        ).fetchone()
        assert row is not None  # an aggregate
        return int(row[0])

    def _keeps_all(self, taken: Taken) -> bool:
        """Whether one of the rows that are not there now would come back otherwise, or one too many."""
        assert taken.fresh is not None  # see `keep`
        fresh = data_table(taken.fresh)
        gone: sql.Composable = sql.SQL("true")
        if taken.pairing is not None:
            gone = sql.SQL("f.n IN (SELECT k.n FROM {} WHERE t.ctid IS NULL)").format(taken.pairing.join("LEFT JOIN"))
        return self._is_any(sql.SQL("SELECT FROM {} f WHERE f.n IS NULL AND NOT f.theirs OR {}").format(fresh, gone))

    def _rows(self, taken: Taken, columns: tuple[KeptColumn, ...], *, keeps_all: bool) -> sql.Composable:
        parts = [] if taken.same else [self._theirs(taken, columns, keeps_all=keeps_all)]
        if taken.pairing is not None:
            parts.append(_made(taken, columns))
        if taken.fresh is not None:
            parts.append(_unwanted(taken, columns))
        return sql.SQL(" UNION ALL ").join(parts)

    def _theirs(self, taken: Taken, columns: tuple[KeptColumn, ...], *, keeps_all: bool) -> sql.Composable:
        """The rows of the snapshot."""
        pairs = _pairs(taken)
        source: sql.Composable = sql.SQL("{} k").format(data_table(taken.snapshot.data))
        gone: sql.Composable = TRUE
        shown: dict[str, sql.Composable] = {}
        if taken.pairing is not None:
            source = taken.pairing.join("LEFT JOIN")
            gone = sql.SQL("(t.ctid IS NULL)")
            shown = {one.kept.data: one.shown() for one in pairs}
        conditions: list[sql.Composable] = []
        fresh: dict[str, sql.Composable] = {}
        has_fresh: sql.Composable = sql.SQL("false")
        if taken.fresh is not None:
            source = sql.SQL("{} LEFT JOIN {} f ON f.n {} k.n").format(source, data_table(taken.fresh), EQUAL)
            conditions.append(sql.SQL("f.n IS NOT NULL"))
            if keeps_all:
                conditions.append(gone)
            has_fresh = sql.SQL("coalesce(f.there, false)")
            fresh = {c.data: sql.Identifier("f", f"f{c.data[1:]}") for c in columns}
        elif taken.whole or len(pairs) < len(columns):
            conditions.append(TRUE)
        else:
            conditions += [gone, *(one.differs for one in pairs if not one.kept.key)]
        kind = sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(
            gone, sql.Literal(Kind.GONE.value), sql.Literal(Kind.PAIRED.value)
        )
        values: list[sql.Composable] = [sql.Identifier("k", column.data) for column in columns]
        return _row(sql.SQL("k.n"), kind, has_fresh, columns, values, shown, fresh, source, any_of(conditions))

    def _alike(self, data: str, columns: tuple[KeptColumn, ...]) -> tuple[KeptColumn, ...]:
        """The columns, with an image only where T shows something else.

        And where rows are gone, that have a place without the columns that are lost (`Item.waits_for`).
        """
        images = [column for column in columns if column.image is not None]
        gone = sql.SQL("SELECT FROM {} WHERE kind = {}").format(data_table(data), sql.Literal(Kind.GONE.value))
        if not images or (any(column.heir is None for column in columns) and self._is_any(gone)):
            return columns
        tests = listed(
            sql.SQL("coalesce(bool_and({}) FILTER (WHERE kind IN ({}, {})), false)").format(
                same(sql.SQL("{}::text").format(sql.Identifier(c.data)), sql.Identifier(str(c.image))),
                Kind.PAIRED.value,
                Kind.MADE.value,
            )
            for c in images
        )
        row = self._connection.execute(sql.SQL("SELECT {} FROM {}").format(tests, data_table(data))).fetchone()
        assert row is not None  # an aggregate
        alike = {column.data for column, is_alike in zip(images, row) if is_alike}
        return tuple(replace(c, image=None, like=True) if c.data in alike else c for c in columns)


def _pairs(taken: Taken) -> list[Pair]:
    """The columns with what became of them; those of the key are marked."""
    if taken.after is None:
        return []
    key = {one.kept.data for one in taken.pairing.key} if taken.pairing else set()
    return [replace(one, kept=replace(one.kept, key=one.kept.data in key)) for one in taken.snapshot.pairs(taken.after)]


def _columns(taken: Taken) -> tuple[KeptColumn, ...]:
    key = {one.kept.data for one in taken.pairing.key} if taken.pairing else set()
    if taken.pairing is None:
        key = {
            c.data
            for c, column in zip(taken.snapshot.saved, taken.snapshot.columns)
            if column.number in taken.snapshot.table.key
        }
    found = []
    for saved, column in zip(taken.snapshot.saved, taken.snapshot.columns):
        heir = successor(taken.snapshot.table, column, taken.after) if taken.after else column
        is_key = saved.data in key
        found.append(
            replace(
                saved,
                heir=heir.name if heir else None,
                key=is_key,
                image=f"b{saved.data[1:]}" if taken.pairing is not None and heir and not is_key else None,
                fresh=f"f{saved.data[1:]}" if taken.fresh is not None else None,
            )
        )
    return tuple(found)


def _row(  # noqa: PLR0917 - the parts of one statement, in their order
    number: sql.Composable,
    kind: sql.Composable,
    has_fresh: sql.Composable,
    columns: tuple[KeptColumn, ...],
    values: list[sql.Composable],
    shown: dict[str, sql.Composable],
    fresh: dict[str, sql.Composable],
    source: sql.Composable,
    condition: sql.Composable,
) -> sql.Composable:
    null = sql.SQL("NULL::pg_catalog.text")
    parts = [
        sql.SQL("{} AS n").format(number),
        sql.SQL("{} AS kind").format(kind),
        sql.SQL("NULL::text AS why"),
        sql.SQL("NULL::text AS detail"),
        sql.SQL("{} AS has_fresh").format(has_fresh),
    ]
    for column, value in zip(columns, values):
        parts.append(sql.SQL("{} AS {}").format(value, sql.Identifier(column.data)))
        if column.image is not None:
            parts.append(sql.SQL("{} AS {}").format(shown.get(column.data, null), sql.Identifier(column.image)))
        if column.fresh is not None:
            parts.append(sql.SQL("{} AS {}").format(fresh.get(column.data, null), sql.Identifier(column.fresh)))
    return sql.SQL("SELECT {} FROM {} WHERE {}").format(listed(parts), source, condition)


def _made(taken: Taken, columns: tuple[KeptColumn, ...]) -> sql.Composable:
    """The rows that are there now and were not: if nobody changes them, they are no row of S."""
    assert taken.pairing is not None  # see `_rows`
    pairs = {one.kept.data: one for one in _pairs(taken)}
    values: list[sql.Composable] = []
    for column in columns:
        one = pairs.get(column.data)
        if one is None or (column.native and one.column.type != column.type):
            values.append(_null(column))
        else:
            values.append(as_held(sql.Identifier("t", one.column.name), column))
    shown = {data: one.shown() for data, one in pairs.items()}
    number = sql.SQL("-2 * pg_catalog.row_number() OVER ()")
    kind = sql.Literal(Kind.MADE.value)
    source = taken.pairing.join("RIGHT JOIN")
    condition: sql.Composable = sql.SQL("k.n IS NULL")
    if taken.fresh is not None and not taken.all_made:  # else the opposite step takes them away as it is
        condition = sql.SQL("k.n IS NULL AND EXISTS (SELECT FROM {})").format(data_table(taken.fresh))
    for place in taken.people:
        alike = all_of(
            same(sql.SQL("{}::pg_catalog.text").format(sql.Identifier("m", pair.kept.data)), pair.shown())
            for pair in place.pairs
        )
        condition = sql.SQL("{} AND NOT EXISTS (SELECT FROM {} m WHERE {})").format(condition, place.data, alike)
    return _row(number, kind, sql.SQL("false"), columns, values, shown, {}, source, condition)


def _null(column: KeptColumn) -> sql.Composable:
    return sql.SQL("NULL::{}").format(sql.SQL(column.held_type))


def _unwanted(taken: Taken, columns: tuple[KeptColumn, ...]) -> sql.Composable:
    """What the opposite step would write although it was not there."""
    assert taken.fresh is not None  # see `_rows`
    values: list[sql.Composable] = [_null(column) for column in columns]
    fresh: dict[str, sql.Composable] = {c.data: sql.Identifier("f", f"f{c.data[1:]}") for c in columns}
    number = sql.SQL("-2 * pg_catalog.row_number() OVER () - 1")
    condition: sql.Composable = sql.SQL("f.n IS NULL AND NOT f.theirs")
    if taken.pairing is not None and taken.pairing.key:  # what is there now is not written anew
        there = [sql.SQL("{} {} {}").format(fresh[one.kept.data], EQUAL, one.shown()) for one in taken.pairing.key]
        condition = sql.SQL("f.n IS NULL AND NOT f.theirs AND NOT EXISTS (SELECT FROM {} t WHERE {})").format(
            taken.pairing.after.source, sql.SQL(" AND ").join(there)
        )
    source = sql.SQL("{} f").format(data_table(taken.fresh))
    kind = sql.Literal(Kind.UNWANTED.value)
    return _row(number, kind, sql.SQL("true"), columns, values, {}, fresh, source, condition)


def _dropped(taken: Taken) -> tuple[Partition, ...]:
    """The parts of the table that the step dropped."""
    if taken.after is None or taken.after.oid != taken.snapshot.table.oid:
        return ()
    names = {part.name for part in taken.after.partitions}
    return tuple(part for part in taken.snapshot.table.partitions if part.name not in names)
