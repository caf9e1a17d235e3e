"""Values that a column of another type cannot hold as they are: they stay kept beside what stands in their place.

The column holds what PostgreSQL makes of such a value; or what it has by itself, where PostgreSQL makes nothing of it.
As long as a row holds that, nobody has written anything there, and it gets the original as soon as the column can hold
it again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.postgres.run_sql import HOPELESS
from gitmig.rows.completion import known_by, same_rows
from gitmig.rows.items import Kind, Reason
from gitmig.rows.store import THEIRS
from gitmig.rows.values import EQUAL, TRUE, Pair, all_of, any_of, data_table, likeness, listed, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item, KeptColumn
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store

# In place of a reason, as long as rows go back: theirs are values that have to stay.
INEXACT = "inexact"
DETAIL = "the column is of another type now, and cannot hold them as they are"


class Original(Struct, frozen=True, kw_only=True):
    """An older item that holds values of rows of another one, and the columns that these belong into.

    Table `data` has the numbers of the rows of both, `n` and `holder`; the values; and by value whether the row of the
    other one has what stood in its place.
    """

    item: Item
    pairs: tuple[Pair, ...]
    data: str

    @property
    def join(self) -> sql.Composable:
        """It beside rows `k` of the other item, nulls where it knows nothing of them."""
        alias = sql.Identifier(self.data)
        return sql.SQL(" LEFT JOIN {} {alias} ON {alias}.n {} k.n").format(data_table(self.data), EQUAL, alias=alias)

    def known(self, pair: Pair) -> sql.Composable | None:
        """The original for a column of its own type; None if it is about others."""
        own = self._own(pair)
        return self._fit(own) if own is not None and own.kept.type == own.column.type else None

    def value(self, pair: Pair, otherwise: sql.Composable) -> sql.Composable:
        """What belongs into a column: the original, unless somebody has written there."""
        own = self._own(pair)
        if own is None:
            return otherwise
        return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(
            sql.Identifier(self.data, _flag(own)), self._fit(own), otherwise
        )

    def _fit(self, own: Pair) -> sql.Composable:
        return own.fit(own.kept.data, same_type=own.same_type, alias=self.data)

    def _own(self, pair: Pair) -> Pair | None:
        return next((one for one in self.pairs if one.column.number == pair.column.number), None)

    @property
    def counts(self) -> sql.Composable:
        """All of its values of row `o` are where they belong."""
        return all_of(sql.Identifier("o", _flag(pair)) for pair in self.pairs)


class Originals:
    """Those that belong to the rows of several places, which go back together."""

    def __init__(self, connection: Connection, store: Store, places: Sequence[Place]) -> None:
        self._connection = connection
        self._store = store
        self._places = places
        self._by_item: dict[int, list[Original]] = {}

    def find(self) -> None:
        """Look which items hold values of the rows of others in a form that those could not have."""
        older = self._store.with_originals() if self._places else []
        for place in self._places if older else ():
            self._by_item[place.item.id] = find_originals(self._store, place, older)

    def of(self, place: Place) -> Sequence[Original]:
        """Those of a place's rows, oldest first."""
        return self._by_item.get(place.item.id, ())

    def joins(self, place: Place) -> list[sql.Composable]:
        """Them beside rows `k`."""
        return [one.join for one in self.of(place)]

    def value(self, place: Place, pair: Pair) -> sql.Composable:
        """What is kept for a column, fit for it; the original where there is one."""
        value = pair.value
        for original in self.of(place):
            value = original.value(pair, value)
        return value

    def known(self, place: Place, pair: Pair) -> sql.Composable | None:
        """What a column had before it was of another type, whatever has become of it; None if nobody knows."""
        known = (one.known(pair) for one in reversed(self.of(place)))
        return next((value for value in known if value is not None), None)

    def in_order(self, places: Sequence[Place]) -> list[Place]:
        """Of two versions of a value the newer one counts. Originals come when it is known which of those go."""
        oldest_first = places[::-1]
        return sorted(oldest_first, key=lambda place: bool(self._held_by(place.item)))

    def newer(self, place: Place) -> sql.Composable:
        """Not rows `k` of which other items put back what has become of them; these know the originals."""
        return sql.SQL("").join(
            sql.SQL(
                " AND NOT EXISTS (SELECT FROM {} o JOIN {} y ON y.n {equal} o.n "
                "WHERE o.holder {equal} k.n AND y.why IS NULL)"
            ).format(data_table(one.data), newer.data, equal=EQUAL)
            for newer, one in self._held_by(place.item)
        )

    def note(self) -> None:
        """What went to its row as an original is kept no longer, nor waits; where somebody has written, it stays."""
        due = {place.item.id: place for place in self._places}
        gone: Counter[int] = Counter()
        for place, original in self._all:
            holder = due.get(original.item.id)
            if holder is None:
                gone[original.item.id] += self._forget(place, original)
            else:
                self._connection.execute(
                    sql.SQL(
                        "UPDATE {} k SET why = CASE WHEN {} THEN NULL ELSE {} END, detail = NULL "
                        "FROM {} o JOIN {} y ON y.n = o.n WHERE o.holder = k.n AND y.why IS NULL"
                    ).format(
                        *(holder.data, original.counts, Reason.CHANGED.value),
                        *(data_table(original.data), place.data),
                    )
                )
            self._store.drop_data(original.data)
        for item in {one.item.id: one.item for _, one in self._all if gone[one.item.id]}.values():
            self._store.shrink(item, item.rows - gone[item.id], item.reason, item.detail)

    def _forget(self, place: Place, original: Original) -> int:
        return self._connection.execute(
            sql.SQL(
                "DELETE FROM {} v USING {} o JOIN {} k ON k.n = o.n WHERE o.holder = v.n AND k.why IS NULL AND {}"
            ).format(data_table(original.item.data), data_table(original.data), place.data, original.counts)
        ).rowcount

    @property
    def _all(self) -> list[tuple[Place, Original]]:
        return [(place, one) for place in self._places for one in self.of(place)]

    def _held_by(self, item: Item) -> list[tuple[Place, Original]]:
        """The places for whose rows an item holds originals."""
        return [(place, one) for place, one in self._all if one.item.id == item.id]


def find_originals(store: Store, place: Place, older: Iterable[Item]) -> list[Original]:
    """What other items hold of the rows of a place in a form nearer to what the table has again; oldest first."""
    values = {pair.column.number: pair for pair in place.values}
    found = []
    for item in older:
        pairs = tuple(
            Pair(kept=kept, column=column, table=place.table.name)
            for kept in item.columns
            if kept.stood
            and (column := place.table.column(kept.name))
            and column.number in values
            and (column.type == kept.type or column.type != values[column.number].kept.type)
        )
        is_older = item.id < place.item.id and item.heir == place.item.table
        if not is_older or not pairs:
            continue
        known = known_by(item, place)
        seen = [] if known else _seen_by(item, place)
        if known or seen:
            data = f"original_{place.item.id}_{item.id}"
            flags = [
                sql.SQL("{} AS {}").format(
                    same(sql.Identifier("l", str(pair.kept.stood)), _text("o", values[pair.column.number].kept)),
                    sql.Identifier(_flag(pair)),
                )
                for pair in pairs
            ]
            columns = [
                sql.SQL("l.n AS holder"),
                *(sql.Identifier("l", pair.kept.data) for pair in pairs),
                *flags,
            ]
            both = same_rows(place, item, known, columns) if known else _same_rows_seen(place, item, seen, columns)
            store.create(data, both)
            found.append(Original(item=item, pairs=pairs, data=data))
    return found


def _seen_by(item: Item, place: Place) -> list[Pair]:
    """The columns by which a row of the item is found in the table; none: it cannot be, or the place's rows cannot."""
    telling = [kept for kept in item.columns if kept.key] or [kept for kept in item.columns if kept.shown is not None]
    columns = [(kept, place.table.column(str(kept.heir))) for kept in telling]
    if not _known(place) or not all(column for _, column in columns):
        return []
    return [Pair(kept=kept, column=column, table=place.table.name) for kept, column in columns if column]


def _same_rows_seen(place: Place, item: Item, seen: Sequence[Pair], values: Iterable[sql.Composable]) -> sql.Composed:
    """The same as `same_rows` for rows that know too little of each other: both know a row of the table."""
    return sql.SQL(
        "SELECT o.n, {values} FROM (SELECT r.*, pg_catalog.row_number() OVER (PARTITION BY r.seen ORDER BY r.n) AS nth "
        "FROM (SELECT k.*, {row} AS seen FROM {rows}) r) o "
        "JOIN (SELECT k.*, {own} AS seen, pg_catalog.row_number() OVER (PARTITION BY {own} ORDER BY k.n) AS nth "
        "FROM {holder} k WHERE k.kind {equal} {paired}) l ON l.seen {equal} o.seen AND l.nth {equal} o.nth"
    ).format(
        values=listed(values),
        row=likeness(pair.shown() for pair in seen),
        rows=rows_of(place, _known(place), TRUE),
        own=likeness(sql.Identifier("k", str(pair.kept.shown)) for pair in seen),
        holder=data_table(item.data),
        equal=EQUAL,
        paired=sql.Literal(Kind.PAIRED.value),
    )


def other_forms(place: Place) -> list[Pair]:
    """The values that go into columns of other types than they are of."""
    return [pair for pair in place.values if pair.kept.type != pair.column.type]


def mark_inexact(connection: Connection, place: Place, originals: Sequence[Original], theirs: Iterable[str]) -> None:
    """Mark the rows that went back and are not what they were, as columns are of other types.

    Not where an original counts, nor a value of T: `theirs` are the kept columns of which the plan tells that.
    """
    flags = set(theirs)
    others = other_forms(place)

    def mark(exact: Iterable[sql.Composable]) -> None:
        source = sql.SQL("").join([sql.SQL("{} k").format(place.data), *(one.join for one in originals)])
        if flags:
            source = sql.SQL("{} LEFT JOIN {} x ON x.n {} k.n").format(source, data_table(place.plan), EQUAL)
        statement = sql.SQL(
            "UPDATE {data} u SET why = {why} FROM {source} WHERE u.n {equal} k.n AND k.why IS NULL "
            "AND k.kind IN ({kinds}) AND NOT {exact}"
        ).format(
            data=place.data,
            why=sql.Literal(INEXACT),
            source=source,
            equal=EQUAL,
            kinds=THEIRS,
            exact=all_of(exact),
        )
        connection.execute(statement)

    def unless_elsewhere(pair: Pair, exact: sql.Composable) -> sql.Composable:
        excused: list[sql.Composable] = [sql.SQL("{} IS NULL").format(sql.Identifier("k", pair.kept.data))]
        if pair.kept.data in flags:
            excused.append(sql.Identifier("x", f"theirs_{pair.kept.data}"))
        for one in originals:
            own = (mine for mine in one.pairs if mine.column.number == pair.column.number)
            excused += [sql.SQL("{} IS TRUE").format(sql.Identifier(one.data, _flag(mine))) for mine in own]
        return sql.SQL("CASE WHEN {} THEN true ELSE {} END").format(any_of(excused), exact)

    alike = [(pair, same(pair.kept_text(), sql.SQL("{}::pg_catalog.text").format(pair.held))) for pair in others]
    try:
        with connection.transaction():
            mark(unless_elsewhere(pair, any_of([one, pair.round_trips])) for pair, one in alike)
    except psycopg.Error as error:  # the way back is no way at all
        if error.sqlstate in HOPELESS:
            raise
        mark(unless_elsewhere(pair, one) for pair, one in alike)


def keep_originals(connection: Connection, store: Store, place: Place) -> None:
    """Make an item of the values of the rows that are marked, if there are any, known by all else that went back."""
    found = sql.SQL("SELECT count(*), min(detail) FROM {} k WHERE {}").format(place.data, _marked("k"))
    count, detail = connection.execute(found).fetchone() or (0, None)
    if not count:
        return
    others = {pair.column.number for pair in other_forms(place)}
    exact = [pair for pair in place.pairs if pair.column.number not in others]
    key = {pair.column.number for pair in exact if pair.kept.key}
    if not key and {pair.column.number for pair in exact} >= {*place.table.key}:
        key = {*place.table.key}
    known = [pair for pair in exact if not key or pair.column.number in key]
    columns = [
        replace(pair.kept, heir=pair.kept.name, image=None, fresh=None, key=bool(key), like=not key, stood=None)
        for pair in known
    ]
    columns += [
        replace(pair.kept, heir=None, image=None, fresh=None, key=False, like=False, stood=f"s_{pair.kept.data}")
        for pair in other_forms(place)
    ]
    shown = [sql.SQL("{} AS {}").format(pair.shown(), _stood(pair)) for pair in other_forms(place)]
    query = sql.SQL(
        "SELECT k.n, {}::text AS kind, {}::text AS why, coalesce(k.detail, {}) AS detail, false AS has_fresh, {} "
        "FROM {}"
    ).format(
        sql.Literal(Kind.PAIRED.value),
        sql.Literal(Reason.REFUSED.value),
        sql.Literal(DETAIL),
        listed([*(sql.Identifier("k", column.data) for column in columns), *shown]),
        rows_of(place, known, _marked("k")),
    )
    item = store.branch_off(place.item, columns, query, detail or DETAIL)
    went = sql.SQL("UPDATE {} k SET why = NULL, detail = NULL FROM {} o WHERE o.n = k.n")
    connection.execute(went.format(place.data, data_table(item.data)))
    stays = sql.SQL("UPDATE {} k SET why = {}, detail = coalesce(detail, {}) WHERE {}")
    connection.execute(stays.format(place.data, Reason.REFUSED.value, DETAIL, _marked("k")))


def note_what_stands(connection: Connection, store: Store, place: Place) -> None:
    """Note what stands in the table in place of values that were refused, the first time they are.

    Without a key, a row is known by its other columns.
    """
    refused = [
        pair
        for pair in place.values
        if pair.kept.stood is None and (pair.kept.heir is None or (place.key and pair.kept.shown is not None))
    ]
    known = _known(place)
    if not refused or not known:
        return
    which = sql.SQL("k.why {} {}").format(EQUAL, sql.Literal(Reason.REFUSED.value))
    standing = sql.SQL("SELECT k.n, {} FROM {}").format(_standing(refused), rows_of(place, known, which))
    _note_standing(connection, store, place.item, refused, standing)


def note_what_stands_instead(connection: Connection, store: Store, place: Place, neighbours: Iterable[Place]) -> None:
    """Note for the rows that went back what stands in place of values that other items hold of them.

    That is what has no place as the column is of another type, and was taken by another step than the rows. Not where
    one of the `neighbours`, which went back to the same table, had the original for the column.
    """
    numbers = {pair.column.number for pair in place.pairs}
    numbers |= {pair.column.number for one in neighbours for pair in one.pairs if pair.kept.stood}
    lacking = {column.name: column for column in place.table.stored if column.number not in numbers}
    for item in store.taken_from(place.item.table) if lacking else ():
        pairs = [
            Pair(kept=kept, column=lacking[kept.name], table=place.table.name)
            for kept in item.lost
            if kept.stood is None and kept.name in lacking and kept.type != lacking[kept.name].type
        ]
        if pairs and (known := known_by(item, place)):
            data = f"instead_{place.item.id}_{item.id}"
            store.create(data, same_rows(place, item, known, [sql.SQL("l.n AS holder")]))
            went = sql.SQL("k.why IS NULL")
            standing = sql.SQL("SELECT o.holder AS n, {} FROM {} JOIN {} o ON o.n {} k.n").format(
                _standing(pairs), rows_of(place, place.pairs, went), data_table(data), EQUAL
            )
            _note_standing(connection, store, item, pairs, standing)
            store.drop_data(data)


def _standing(pairs: Iterable[Pair]) -> sql.Composable:
    return listed(sql.SQL("{} AS {}").format(pair.shown(), _stood(pair)) for pair in pairs)


def _note_standing(
    connection: Connection, store: Store, item: Item, pairs: Sequence[Pair], standing: sql.Composable
) -> None:
    """Note of rows (n) of an item what stands in place of some values."""
    for pair in pairs:
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} pg_catalog.text").format(
                data_table(item.data), _stood(pair)
            )
        )
    connection.execute(
        sql.SQL("UPDATE {} u SET {} FROM ({}) s WHERE u.n {} s.n").format(
            data_table(item.data),
            listed(sql.SQL("{} = s.{}").format(_stood(pair), _stood(pair)) for pair in pairs),
            standing,
            EQUAL,
        )
    )
    stood = {pair.kept.data: f"s_{pair.kept.data}" for pair in pairs}
    store.note_columns(item, [replace(one, stood=stood.get(one.data, one.stood)) for one in item.columns])


def _known(place: Place) -> list[Pair]:
    """The columns by which rows of an item are found in the table, where they have no key."""
    return [pair for pair in place.pairs if pair.kept.heir is not None]


def rows_of(place: Place, known: Sequence[Pair], which: sql.Composable) -> sql.Composable:
    """`k JOIN t`: the rows of the item that fulfil a condition, with what they are in the table.

    They are known by the key, or else by these columns.
    """
    if place.key:
        return sql.SQL("(SELECT * FROM {} k WHERE {}) k JOIN {} t ON {}").format(
            place.data, which, place.table.source, place.on_key
        )
    left = likeness(pair.kept_text() for pair in known)
    right = likeness(pair.shown() for pair in known)
    return sql.SQL(
        "(SELECT k.*, {left} AS likeness, pg_catalog.row_number() OVER (PARTITION BY {left} ORDER BY k.n) AS copy "
        "FROM {data} k WHERE {which}) k JOIN (SELECT t.*, t.tableoid, t.ctid, {right} AS likeness, "
        "pg_catalog.row_number() OVER (PARTITION BY {right} ORDER BY t.tableoid, t.ctid DESC) AS copy "
        "FROM {table} t) t ON k.likeness {equal} t.likeness AND k.copy {equal} t.copy"
    ).format(left=left, right=right, data=place.data, which=which, table=place.table.source, equal=EQUAL)


def _marked(alias: str) -> sql.Composable:
    return sql.SQL("{} {} {}").format(sql.Identifier(alias, "why"), EQUAL, sql.Literal(INEXACT))


def _text(alias: str, kept: KeptColumn) -> sql.Composable:
    return sql.SQL("{}::pg_catalog.text").format(sql.Identifier(alias, kept.data))


def _flag(pair: Pair) -> str:
    return f"is_{pair.kept.data}"


def _stood(pair: Pair) -> sql.Identifier:
    return sql.Identifier(f"s_{pair.kept.data}")
