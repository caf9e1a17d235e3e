"""Putting whole rows back into tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.kept.chunks import ORPHAN, Chunks
from gitmig.database.kept.guard import foreign_keys_late
from gitmig.database.kept.matching import EQUAL, columns, every_equal, plain_name
from gitmig.database.kept.room import clear_keyless, make_room, replace_alike
from gitmig.database.kept.saving import differs
from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.kept.shape import Table
    from gitmig.database.connection import Connection
    from gitmig.database.kept.guard import ForeignKey
    from gitmig.database.kept.places import Place
    from gitmig.database.kept.room import Written

# Rows whose key may be taken by another one: every plain unique index.
UNIQUE = """
    SELECT (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
            FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
    FROM pg_catalog.pg_index i
    WHERE i.indrelid = %s AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL
"""
TAKEN = "a row with this key is there already"
WAITING = sql.SQL("k.gone AND k.why IS NULL")


class Inserter:
    """Puts rows back that are gone from their tables, in one go for all tables, whatever refers to what.

    A kept row wins over rows the step itself has `written`; every other row that has its key stays, and the kept one,
    too. Rows that were refused have the reason in their column `why`.
    """

    def __init__(self, connection: Connection, written: Written) -> None:
        self._connection = connection
        self._written = written

    def insert(self, places: Sequence[Place]) -> None:
        """Put back what goes."""
        with foreign_keys_late(self._connection, {place.table.oid for place in places}) as keys:
            for place in places:
                self._insert(place)
            while sum(self._take_out_orphans(place, keys) for place in places):
                pass
            for place in places:
                self._miss(place)

    def _miss(self, place: Place) -> None:
        """A row that was taken out again may have taken others along (ON DELETE CASCADE): they are not there either."""
        self._connection.execute(
            sql.SQL("UPDATE {} k SET why = {} WHERE {} AND n NOT IN (SELECT k.n FROM {})").format(
                data_table(place.data), ORPHAN, WAITING, place.matched(only=WAITING)
            )
        )

    def _insert(self, place: Place) -> None:
        if place.key:
            self._leave_taken(place)
        row = self._connection.execute(
            sql.SQL("SELECT min(n), max(n) FROM {} k WHERE {}").format(data_table(place.data), WAITING)
        ).fetchone()
        if not row or row[0] is None:
            return
        alike = replace_alike(place, self._written)
        for statement in [alike] if alike else [] if place.key else clear_keyless(place, self._written):
            self._write(statement)
        unique = [names for (names,) in self._connection.execute(UNIQUE.encode(), (place.table.oid,))]

        def work(rows: sql.Composable) -> None:
            for names in unique if place.key else ():
                if statement := make_room(place, names, rows, self._written):
                    self._write(statement)
            if place.key:
                self._overwrite(place, rows)
            self._write(_adding(place, rows))

        Chunks(self._connection, place.data, work, gone=True).run(*row)

    def _leave_taken(self, place: Place) -> None:
        """Refuse rows in whose place another one is; one that is the same is as good as put back."""
        self._connection.execute(
            sql.SQL("UPDATE {} SET why = {} WHERE gone AND n IN (SELECT k.n FROM {} WHERE NOT {} AND {})").format(
                data_table(place.data),
                sql.Literal(TAKEN),
                place.matched(only=WAITING),
                self._written.condition(place.table),
                differs(place.pairs),
            )
        )

    def _overwrite(self, place: Place, rows: sql.Composable) -> None:
        """Rows of the step that have the key of a kept one take over its values."""
        values = [pair for pair in place.pairs if not pair.kept.key]
        if not values:
            return
        sets = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(pair.column.name), pair.value) for pair in values
        )
        self._write(
            sql.SQL("UPDATE {} t SET {} FROM {} k WHERE {} AND {}").format(
                place.source, sets, data_table(place.data), rows, every_equal(place.key)
            )
        )

    def _take_out_orphans(self, place: Place, keys: Sequence[ForeignKey]) -> int:
        """Take rows out again that refer to rows which are not there; returns how many there were."""
        found = 0
        for key in keys:
            if key.table == place.table.oid:
                for statement in (_orphans(place, key), _abandoned(place, key, self._written.condition(place.table))):
                    found += self._write(statement)
        return found

    def _write(self, statement: sql.Composed) -> int:
        """Change rows of users: what hangs on their tables finds what it finds in the user's own sessions."""
        with self._connection.users_path():
            return self._connection.execute(statement).rowcount


def move_sequences_on(connection: Connection, table: Table) -> None:
    """Let the sequences that belong to a table go on behind its highest values, those beyond their ends aside."""
    for column in table.columns:
        if not column.defaulted:
            continue
        name = sql.SQL("pg_catalog.pg_get_serial_sequence({}, {})").format(
            sql.Literal(plain_name(table).as_string(connection)), sql.Literal(column.name)
        )
        row = connection.execute(sql.SQL("SELECT {}, {}::regclass::text").format(name, name)).fetchone()
        if row and row[0] is not None:
            connection.execute(
                sql.SQL(
                    "SELECT pg_catalog.setval({sequence}, highest) FROM (SELECT max({column}) AS highest FROM {table}, "
                    "pg_catalog.pg_sequence WHERE seqrelid = {sequence}::regclass AND {column} <= seqmax) m "
                    "WHERE highest >= (SELECT last_value FROM {name}) AND highest > 0"
                ).format(
                    sequence=sql.Literal(row[0]),
                    column=sql.Identifier(column.name),
                    table=plain_name(table),
                    name=sql.SQL(row[0]),
                )
            )


def _adding(place: Place, rows: sql.Composable) -> sql.Composed:
    source: sql.Composable = data_table(place.data)
    there: sql.Composable = sql.SQL("")
    if place.key:
        there = sql.SQL(" AND NOT EXISTS (SELECT FROM {} t WHERE {})").format(place.source, every_equal(place.key))
    return sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} k WHERE {}{} ORDER BY k.n").format(
        plain_name(place.table),
        columns(pair.column.name for pair in place.pairs),
        sql.SQL(", ").join(pair.value for pair in place.pairs),
        source,
        rows,
        there,
    )


def _dangling(key: ForeignKey) -> sql.Composable:
    """Row `t` refers to a row that is not there."""
    own = [sql.Identifier("t", name) for name in key.columns]
    there = sql.SQL(" AND ").join(
        sql.SQL("f.{} {} {}").format(sql.Identifier(name), operator, column)
        for name, operator, column in zip(key.other_columns, key.operators, own)
    )
    filled = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(column) for column in own)
    return sql.SQL("{} AND NOT EXISTS (SELECT FROM {} f WHERE {})").format(filled, key.other, there)


def _orphans(place: Place, key: ForeignKey) -> sql.Composed:
    """Take kept rows out again whose foreign key points nowhere, and say why."""
    return sql.SQL(
        "WITH orphan AS (SELECT k.n, t.tableoid AS oid, t.ctid AS tid FROM {matched} WHERE {dangling}), "
        "taken AS (DELETE FROM {table} t USING orphan o WHERE t.tableoid {equal} o.oid AND t.ctid {equal} o.tid) "
        "UPDATE {data} k SET why = {why} FROM orphan o WHERE k.n {equal} o.n"
    ).format(
        equal=EQUAL,
        matched=place.matched(only=WAITING),
        dangling=_dangling(key),
        table=place.source,
        data=data_table(place.data),
        why=sql.Literal(f"{ORPHAN}: foreign key {key.name}"),
    )


def _abandoned(place: Place, key: ForeignKey, generated: sql.Composable) -> sql.Composed:
    """Take rows of the step out that referred to other rows of the step, in whose place kept ones are now."""
    return sql.SQL("DELETE FROM {} t WHERE {} AND {}").format(place.source, generated, _dangling(key))
