"""What the opposite step has written anew: rows that it wrote the last time, too, give way to those.

They are known again by what they did not get by themselves: numbers from sequences, times, random keys. A row that
comes back has its old number then, and what the step has made refer to the new one is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.rows import sequences
from gitmig.rows.constraints import foreign_keys
from gitmig.rows.items import Kind
from gitmig.rows.merge import Act, telling
from gitmig.rows.snapshot import following
from gitmig.rows.values import EQUAL, TRUE, all_of, any_of, data_table, likeness, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.constraints import ForeignKey
    from gitmig.rows.merge import Witness
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store
    from gitmig.rows.values import Pair


class _Again(Struct, frozen=True, kw_only=True):
    """For one item: rows written anew, in table `rows` (oid, tid, n: the kept row it is, kind; null: none)."""

    place: Place
    witness: Witness
    rows: str

    @property
    def numbers(self) -> str:
        """The table of keys that change, with the old and the new value of each column."""
        return f"number_{self.place.item.id}"


class Rewritten:
    """The rows that the opposite step has written anew in the tables of several items."""

    def __init__(
        self, connection: Connection, store: Store, places: Sequence[Place], witnesses: Mapping[int, Witness]
    ) -> None:
        self._connection = connection
        self._store = store
        self._found = [again for place in places if (again := self._find(place, witnesses[place.item.id])) is not None]
        self._numbered: list[str] = []
        self._references = foreign_keys(connection, self.tables, incoming=True)  # some are dropped for a while

    @property
    def tables(self) -> set[int]:
        """The tables (oids) with such rows."""
        return {again.place.table.oid for again in self._found}

    def renumber_and_delete(self) -> None:
        """Renumber what refers to rows that get their old numbers back, and delete what S does not have."""
        for again in self._found:
            if again.place.key:
                self._renumber(again)
        for again in self._found:
            gone: list[sql.Composable] = [sql.SQL("f.kind {} {}").format(EQUAL, sql.Literal(Kind.UNWANTED.value))]
            if again.place.item.all and not again.witness.changed:  # nothing else can have come of what is as it was
                others: sql.Composable = sql.SQL("f.n IS NULL")
                if again.place.key:  # but for what takes over the values of the row with its key
                    others = sql.SQL("(f.n IS NULL AND NOT EXISTS (SELECT FROM {} k WHERE {} AND {}))").format(
                        again.place.data, _is_gone(), again.place.on_key
                    )
                gone.append(others)
            with self._connection.users_path():
                self._connection.execute(
                    sql.SQL("DELETE FROM {} t USING {} f WHERE t.tableoid {} f.oid AND t.ctid {} f.tid AND {}").format(
                        again.place.table.source, data_table(again.rows), EQUAL, EQUAL, any_of(gone)
                    )
                )

    def redirect(self, place: Place) -> None:
        """Have kept rows take the places of those that were written anew, and no others that have the same key."""
        for again in self._found:
            if again.place is place:
                statement = sql.SQL(
                    "UPDATE {plan} x SET act = {insert}, oid = NULL, tid = NULL FROM {rows} f WHERE x.oid = f.oid "
                    "AND x.tid = f.tid AND x.n <> f.n AND f.kind = {gone} AND x.kind = {gone} AND x.act = {update}; "
                    "UPDATE {plan} x SET act = {update}, oid = f.oid, tid = f.tid FROM {rows} f WHERE f.n = x.n "
                    "AND f.kind = {gone} AND x.act IN ({insert}, {update})"
                )
                self._connection.execute(
                    statement.format(
                        plan=data_table(place.plan),
                        rows=data_table(again.rows),
                        gone=Kind.GONE.value,
                        insert=Act.INSERT.value,
                        update=Act.UPDATE.value,
                    )
                )

    def clear(self) -> None:
        """Drop what helped."""
        self._store.drop_data(*(again.rows for again in self._found), *self._numbered)

    def _find(self, place: Place, witness: Witness) -> _Again | None:
        """Match what was written anew with rows of the item; None where nothing was."""
        pairing = witness.pairing
        inserted = witness.change is not None and witness.change.activity.inserted > 0
        is_new = witness.is_new and bool(place.table.filled)
        if not (is_new or (pairing is not None and inserted)):
            return None
        own = telling(place)
        if witness.is_new or pairing is None:
            rows: sql.Composable = sql.SQL("{} t WHERE {}").format(place.table.source, TRUE)
        else:
            rows = sql.SQL("{} WHERE k.n IS NULL").format(pairing.join("RIGHT JOIN"))
        right = likeness(pair.shown() for pair in own)
        fresh = sql.SQL(
            "SELECT t.tableoid AS oid, t.ctid AS tid, {right} AS likeness, pg_catalog.row_number() OVER "
            "(PARTITION BY {right} ORDER BY t.tableoid, t.ctid) AS copy FROM {rows}"
        ).format(right=right, rows=rows)
        left = likeness(map(_as_written, own))
        kept = sql.SQL(
            "SELECT k.n, k.kind, {left} AS likeness, pg_catalog.row_number() OVER (PARTITION BY {left} "
            "ORDER BY k.kind, k.n) AS copy FROM {data} k WHERE k.kind IN ({gone}, {unwanted})"
        ).format(left=left, data=place.data, gone=Kind.GONE.value, unwanted=Kind.UNWANTED.value)
        again = _Again(place=place, witness=witness, rows=f"again_{place.item.id}")
        self._store.create(
            again.rows,
            sql.SQL(
                "SELECT f.oid, f.tid, k.n, k.kind FROM ({}) f LEFT JOIN ({}) k "
                "ON k.likeness {} f.likeness AND k.copy {} f.copy"
            ).format(fresh, kept, EQUAL, EQUAL),
        )
        return again

    def _renumber(self, again: _Again) -> None:
        """Tell what refers to a row by a key which that row will not have any more."""
        place = again.place
        self._numbered.append(again.numbers)
        self._store.create(
            again.numbers,
            sql.SQL(
                "SELECT {columns} FROM {rows} f JOIN {data} k ON k.n {equal} f.n AND {gone} JOIN {table} t "
                "ON t.tableoid {equal} f.oid AND t.ctid {equal} f.tid WHERE NOT {on_key}"
            ).format(
                columns=listed(
                    [
                        *(sql.SQL("t.{} AS {}").format(_name(pair), _old(k)) for k, pair in enumerate(place.key)),
                        *(sql.SQL("{} AS {}").format(pair.value, _new(k)) for k, pair in enumerate(place.key)),
                    ]
                ),
                rows=data_table(again.rows),
                data=place.data,
                gone=_is_gone(),
                table=place.table.source,
                on_key=place.on_key,
                equal=EQUAL,
            ),
        )
        self._move_away(again)
        numbered = [pair.column.name for pair in place.key]
        for key in self._references:
            if key.target == place.table.oid and set(key.other_columns) <= set(numbered):
                self._refer(again, key, [numbered.index(name) for name in key.other_columns])

    def _move_away(self, again: _Again) -> None:
        """Rows that are new get other numbers where theirs belong to rows that come back."""
        place = again.place
        if not all(pair.column.defaulted and not pair.column.always for pair in place.key):
            return
        sequences.move_past_kept(self._connection, place)
        columns = [*map(_old, range(len(place.key))), *map(_new, range(len(place.key)))]
        self._write_and_follow(
            sql.SQL(
                "UPDATE {table} t SET {sets} FROM (SELECT f.oid, f.tid, {old} FROM {rows} f JOIN {table} t "
                "ON f.n IS NULL AND t.tableoid {equal} f.oid AND t.ctid {equal} f.tid WHERE EXISTS "
                "(SELECT FROM {data} k WHERE {gone} AND {on_key})) f "
                "WHERE t.tableoid {equal} f.oid AND t.ctid {equal} f.tid "
                "RETURNING f.oid, f.tid, t.tableoid AS to_oid, t.ctid AS to_tid, {returned}"
            ).format(
                table=place.table.source,
                sets=listed(sql.SQL("{} = DEFAULT").format(_name(pair)) for pair in place.key),
                old=listed(sql.SQL("t.{} AS {}").format(_name(pair), _old(k)) for k, pair in enumerate(place.key)),
                rows=data_table(again.rows),
                data=place.data,
                gone=_is_gone(),
                on_key=place.on_key,
                equal=EQUAL,
                returned=listed(
                    [
                        *(sql.SQL("f.{}").format(_old(k)) for k in range(len(place.key))),
                        *(sql.SQL("t.{} AS {}").format(_name(pair), _new(k)) for k, pair in enumerate(place.key)),
                    ]
                ),
            ),
            [again.rows],
            [
                sql.SQL("noted AS (INSERT INTO {numbers} ({columns}) SELECT {columns} FROM moved)").format(
                    numbers=data_table(again.numbers), columns=listed(columns)
                )
            ],
        )

    def _refer(self, again: _Again, key: ForeignKey, places: Sequence[int]) -> None:
        """Have the rows that refer to old numbers refer to the new ones, all at once.

        `places` says which columns of the table's key the foreign key refers to.
        """
        own = [sql.Identifier("r", name) for name in key.columns]
        same = all_of(
            sql.SQL("m.{} {} {}").format(_old(k), operator, column)
            for k, operator, column in zip(places, key.operators, own)
        )
        followers = [other.rows for other in self._found if other.place.table.oid == key.table]
        followers += [
            other.witness.pairing.listed
            for other in self._found
            if other.place.table.oid == key.table and other.witness.pairing and other.witness.pairing.listed
        ]
        self._write_and_follow(
            sql.SQL(
                "UPDATE {own} r SET {sets} FROM (SELECT r.tableoid AS oid, r.ctid AS tid, m.* FROM {own} r "
                "JOIN {numbers} m ON {same}) m WHERE r.tableoid {equal} m.oid AND r.ctid {equal} m.tid "
                "RETURNING m.oid, m.tid, r.tableoid AS to_oid, r.ctid AS to_tid"
            ).format(
                own=key.own,
                sets=listed(
                    sql.SQL("{} = m.{}").format(sql.Identifier(name), _new(k)) for name, k in zip(key.columns, places)
                ),
                numbers=data_table(again.numbers),
                same=same,
                equal=EQUAL,
            ),
            followers,
        )

    def _write_and_follow(
        self, moved: sql.Composable, listings: Iterable[str], also: Sequence[sql.Composable] = ()
    ) -> None:
        """Update rows, and note in the listings where they are then."""
        with self._connection.users_path():
            self._connection.execute(following(moved, listings, also=also))


def _name(pair: Pair) -> sql.Identifier:
    return sql.Identifier(pair.column.name)


def _old(place: int) -> sql.Identifier:
    """The old value of a column of the key, in the table of keys that change."""
    return sql.Identifier(f"old_{place}")


def _new(place: int) -> sql.Identifier:
    """The new one."""
    return sql.Identifier(f"new_{place}")


def _is_gone() -> sql.Composable:
    return sql.SQL("k.kind {} {}").format(EQUAL, sql.Literal(Kind.GONE.value))


def _as_written(pair: Pair) -> sql.Composable:
    """What the opposite step wrote the last time: as it was noted then, else what S had."""
    if pair.kept.fresh is None:
        return pair.kept_text()
    return sql.SQL("CASE WHEN k.has_fresh THEN {} ELSE {} END").format(
        sql.Identifier("k", pair.kept.fresh), pair.kept_text()
    )
