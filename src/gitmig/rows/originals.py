"""Values that a column of another type cannot hold as they are: they stay kept beside what stands in their place.

The column holds what PostgreSQL makes of such a value; or what it has by itself, where PostgreSQL makes nothing of it.
As long as a row holds that, nobody has written anything there, and it gets the original as soon as the column can hold
it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.postgres.run_sql import HOPELESS
from gitmig.rows.completion import known_by, same_rows
from gitmig.rows.items import Kind, Reason
from gitmig.rows.store import THEIRS
from gitmig.rows.values import EQUAL, Pair, all_of, any_of, data_table, likeness, listed, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item, KeptColumn
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store

# In place of a reason, as long as rows go back: theirs are values that have to stay.
INEXACT = "inexact"
DETAIL = "the column is of another type now, and cannot hold them as they are"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
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
        if is_older and pairs and (known := known_by(item, place)):
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
            store.create(data, same_rows(place, item, known, columns))
            found.append(Original(item=item, pairs=pairs, data=data))
    return found


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

    alike = [(pair, same(pair.kept_text(), sql.SQL("{}::pg_catalog.text").format(pair.value))) for pair in others]
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
        replace(pair.kept, heir=pair.kept.name, image=None, fresh=None, key=bool(key), like=not key) for pair in known
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
    """Note what stands in the table in place of values that were refused, the first time they are."""
    refused = [pair for pair in place.values if pair.kept.heir is None and pair.kept.stood is None]
    known = [pair for pair in place.pairs if pair.kept.heir is not None]
    if not refused or not known:
        return
    for pair in refused:
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} pg_catalog.text").format(place.data, _stood(pair))
        )
    which = sql.SQL("k.why {} {}").format(EQUAL, sql.Literal(Reason.REFUSED.value))
    connection.execute(
        sql.SQL("UPDATE {} u SET {} FROM (SELECT k.n, {} FROM {}) s WHERE u.n {} s.n").format(
            place.data,
            listed(sql.SQL("{} = s.{}").format(_stood(pair), _stood(pair)) for pair in refused),
            listed(sql.SQL("{} AS {}").format(pair.shown(), _stood(pair)) for pair in refused),
            rows_of(place, known, which),
            EQUAL,
        )
    )
    stood = {pair.kept.data: f"s_{pair.kept.data}" for pair in refused}
    store.note_columns(place.item, [replace(one, stood=stood.get(one.data, one.stood)) for one in place.item.columns])


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
