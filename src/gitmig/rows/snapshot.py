"""Snapshots of tables from before a script, and which of their rows are which of the rows after it.

Rows are told apart by the columns of a key that both sides have. Without one they are followed: a row that the script
left alone lies where it lay; a table that was only rewritten has its rows in the order they had; and of what is left,
rows are the same that have most in common. So every row has its own image on the other side, whatever is equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from gitmig.rows.changes import lasting_key, successor
from gitmig.rows.items import KeptColumn, Kind
from gitmig.rows.values import EQUAL, Pair, all_of, as_held, data_table, likeness, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.changes import TableChange
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Column, Table


# Bytes. A smaller table is copied in the form of an item at once: to alter the copy later takes as long as to make it.
# In a larger one four columns more in every row would take longer.
SMALL = 1 << 20
WRITABLE = """
    SELECT oid::int8 FROM pg_catalog.unnest($1::oid[]) oid
    WHERE pg_catalog.has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE')
"""


class TableSnapshot(Struct, frozen=True, kw_only=True):
    """The rows of a table, in table `data`: n, from 1 in the order they lie in; oid and tid, where; and one per column.

    `rows` is how many these are. `saved` has the same columns as they will be kept; what became of them is not known
    yet. `is_item`: it has the columns of an item besides, which say that all rows are PAIRED.
    """

    number: int
    table: Table
    columns: tuple[Column, ...]
    rows: int = 0
    is_item: bool = False

    @property
    def data(self) -> str:
        """The table it is in."""
        return f"before_{self.number}"

    @property
    def saved(self) -> tuple[KeptColumn, ...]:
        """How each column is held."""
        return tuple(saved_column(column, place) for place, column in enumerate(self.columns, 1))

    def pairs(self, after: Table) -> list[Pair]:
        """The columns with what became of them, as far as that is there."""
        found = []
        for saved, column in zip(self.saved, self.columns):
            if (heir := successor(self.table, column, after)) is not None:
                found.append(Pair(kept=saved, column=heir, table=after.name))
        return found


def saved_column(column: Column, place: int) -> KeptColumn:
    """How a column is held: a type that no migration can drop as it is, others as text.

    The only place that decides about the form; `copy` alters what COPY gives it otherwise.
    """
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
        parts=tuple(sorted(column.parts)),
    )


def lock(connection: Connection, tables: Sequence[Table]) -> None:
    """Keep others from writing the tables until the transaction ends: what they commit is in the snapshot, or waits.

    A script that ran before was taken back, and its locks with it. Tables that this role cannot write are left: scripts
    cannot, either.
    """
    if not tables:
        return
    writable = {table.oid for table in tables}
    if connection.info.parameter_status("is_superuser") != "on":
        (rows,) = connection.run_prepared((WRITABLE, (sorted(writable),)))
        writable = {oid for (oid,) in rows}
    if names := [table.source for table in sorted(tables, key=lambda table: table.oid) if table.oid in writable]:
        connection.ahead(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(listed(names)))


def take(
    store: Store, number: int, table: Table, columns: Sequence[Column], *, now: Table | None = None
) -> TableSnapshot:
    """Copy the columns of a table; from what it is `now`, if that still holds all of them as they were."""
    is_item = table.bytes <= SMALL
    snapshot = TableSnapshot(number=number, table=table, columns=tuple(columns), is_item=is_item)
    values = [
        sql.SQL("{} AS {}").format(
            as_held(sql.Identifier("t", one.column.name), one.kept), sql.Identifier(one.kept.data)
        )
        for one in snapshot.pairs(now or table)
    ]
    if is_item:
        paired = sql.Literal(Kind.PAIRED.value)
        more = sql.SQL("{}::text AS kind, NULL::text AS why, NULL::text AS detail, false AS has_fresh").format(paired)
        values = [more, *values]
    rows = store.create(
        snapshot.data,
        sql.SQL("SELECT pg_catalog.row_number() OVER () AS n, t.tableoid AS oid, t.ctid AS tid, {} FROM {} t").format(
            listed(values), (now or table).source
        ),
    )
    return replace(snapshot, rows=rows)


class Pairing(Struct, frozen=True, kw_only=True):
    """Which rows of a snapshot (alias `k`) are which rows of a table (alias `t`).

    By `key`, or, where that is empty, as listed in table `listed`: n, oid, tid.
    """

    snapshot: TableSnapshot
    after: Table
    key: tuple[Pair, ...]
    listed: str

    def join(self, how: str = "JOIN", kept: sql.Composable | None = None) -> sql.Composable:
        """`k JOIN t`, or LEFT, RIGHT, FULL; `kept` may stand in for the snapshot, with the same columns."""
        source = kept or data_table(self.snapshot.data)
        if self.key:
            return sql.SQL("{} k {} {} t ON {}").format(
                source, sql.SQL(how), self.after.source, all_of(pair.equal for pair in self.key)
            )
        pairs = sql.SQL("{} p ON p.n {} k.n").format(data_table(self.listed), EQUAL)
        place = sql.SQL("t.tableoid {} p.oid AND t.ctid {} p.tid").format(EQUAL, EQUAL)
        if how == "JOIN":
            return sql.SQL("{} k JOIN {} JOIN {} t ON {}").format(source, pairs, self.after.source, place)
        inner = sql.SQL("JOIN" if how == "RIGHT JOIN" else "LEFT JOIN")
        return sql.SQL("({} k {} {}) {} {} t ON {}").format(
            source, inner, pairs, sql.SQL(how), self.after.source, place
        )


def pair(connection: Connection, store: Store, snapshot: TableSnapshot, change: TableChange) -> Pairing:
    """Find out which rows are which after the script; `change` tells what it did to the table."""
    after = change.after
    assert after is not None  # rows of a table that is gone are nowhere
    pairs = snapshot.pairs(after)
    key = _key(snapshot, after, pairs)
    if key and not _renumbered(connection, snapshot, after, key, change):
        return Pairing(snapshot=snapshot, after=after, key=key, listed="")
    listed_in = f"pair_{snapshot.number}"
    _follow(connection, store, snapshot, change, listed_in)
    common = [one for one in pairs if one.column.type == one.kept.type or not one.kept.native]
    only_updated = change.activity.updated and not (change.activity.inserted or change.activity.deleted)
    if common and not only_updated:  # where each may have become another one, equal ones are no better
        _match(connection, snapshot, after, common, listed_in)
    if stable := _stable(connection, snapshot, after, common, listed_in):
        _match(connection, snapshot, after, stable, listed_in)
    if only_updated or not common:
        _match(connection, snapshot, after, [], listed_in)
    return Pairing(snapshot=snapshot, after=after, key=(), listed=listed_in)


def pair_through(connection: Connection, store: Store, first: Pairing, second: Pairing) -> tuple[Pairing, str]:
    """Which rows of the first snapshot are which rows after a second script, that ran where the first led to.

    Rows that are not there in between are those that the second script has written anew, where they are equal. Also
    the name of the table that lists where the rows in between have gone.
    """
    through = second.listed
    if second.key:
        through = f"through_{second.snapshot.number}"
        store.create(
            through,
            sql.SQL("SELECT k.n, t.tableoid AS oid, t.ctid AS tid FROM {}").format(second.join()),
        )
    name = f"trial_{first.snapshot.number}"
    store.create(
        name,
        sql.SQL(
            "SELECT p.n, q.oid, q.tid FROM {first} p JOIN {between} b ON b.oid {equal} p.oid AND b.tid {equal} p.tid "
            "JOIN {through} q ON q.n {equal} b.n"
        ).format(
            first=data_table(first.listed),
            between=data_table(second.snapshot.data),
            through=data_table(through),
            equal=EQUAL,
        ),
    )
    pairing = Pairing(snapshot=first.snapshot, after=second.after, key=(), listed=name)
    common = [
        one for one in first.snapshot.pairs(second.after) if one.column.type == one.kept.type or not one.kept.native
    ]
    _match(connection, first.snapshot, second.after, common, name, known=(first.listed, through))
    return pairing, through


def _key(snapshot: TableSnapshot, after: Table, pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """The columns that tell rows apart on both sides, as pairs."""
    names = {column.name for column in lasting_key(snapshot.table, after)}
    found = [one for one in pairs if one.kept.name in names]
    return tuple(_as_key(one) for one in found) if names and len(found) == len(names) else ()


def _as_key(one: Pair) -> Pair:
    return replace(one, kept=replace(one.kept, key=True))


def _renumbered(
    connection: Connection, snapshot: TableSnapshot, after: Table, key: Sequence[Pair], change: TableChange
) -> bool:
    """Whether the script gave rows other keys: more are gone than it deleted, and more are new than it inserted."""
    if not change.activity.updated:
        return False
    by_key = Pairing(snapshot=snapshot, after=after, key=tuple(key), listed="")
    row = connection.execute(
        sql.SQL("SELECT count(*) FILTER (WHERE t.ctid IS NULL), count(*) FILTER (WHERE k.n IS NULL) FROM {}").format(
            by_key.join("FULL JOIN")
        )
    ).fetchone()
    assert row is not None  # an aggregate
    return bool(row[0] > change.activity.deleted and row[1] > change.activity.inserted)


def _follow(connection: Connection, store: Store, snapshot: TableSnapshot, change: TableChange, name: str) -> None:
    """List the rows that lie where they lay, or in a rewritten table in the order they had."""
    after = change.after
    assert after is not None  # see `pair`
    before = data_table(snapshot.data)
    if snapshot.table.filled <= after.files:
        query: sql.Composable = sql.SQL(
            "SELECT k.n, t.tableoid AS oid, t.ctid AS tid FROM {} k JOIN {} t "
            "ON t.tableoid {} k.oid AND t.ctid {} k.tid"
        ).format(before, after.source, EQUAL, EQUAL)
    elif after.oid == snapshot.table.oid and not change.activity.written and not after.partitioned:
        query = sql.SQL(
            "SELECT k.n, t.oid, t.tid FROM {} k JOIN (SELECT pg_catalog.row_number() OVER () AS n, tableoid AS oid, "
            "ctid AS tid FROM {}) t ON t.n {} k.n"
        ).format(before, after.source, EQUAL)
    else:
        query = sql.SQL("SELECT NULL::bigint AS n, NULL::oid AS oid, NULL::tid AS tid WHERE false")
    store.create(name, query)


def _match(
    connection: Connection,
    snapshot: TableSnapshot,
    after: Table,
    pairs: Sequence[Pair],
    name: str,
    *,
    known: tuple[str, str] | None = None,
) -> None:
    """List rows that are equal in these columns, of those that are not listed yet; equal ones in their order.

    `known` names two other tables: with rows of the snapshot, and of the table, that have been found elsewhere.
    """
    left_known, right_known = known or (name, name)
    connection.execute(
        sql.SQL(
            "INSERT INTO {listed} SELECT k.n, t.oid, t.tid FROM ("
            "SELECT n, {left} AS likeness, pg_catalog.row_number() OVER (PARTITION BY {left} ORDER BY n) AS copy "
            "FROM {before} k WHERE {not_left}) k JOIN ("
            "SELECT t.tableoid AS oid, t.ctid AS tid, {right} AS likeness, "
            "pg_catalog.row_number() OVER (PARTITION BY {right} ORDER BY t.tableoid, t.ctid) AS copy "
            "FROM {table} t WHERE {not_right}) t ON k.likeness {equal} t.likeness AND k.copy {equal} t.copy"
        ).format(
            listed=data_table(name),
            left=likeness(one.kept_text() for one in pairs) if pairs else sql.SQL("''::text"),
            right=likeness(one.shown() for one in pairs) if pairs else sql.SQL("''::text"),
            before=data_table(snapshot.data),
            table=after.source,
            equal=EQUAL,
            not_left=_left_over(left_known),
            not_right=_right_over(right_known),
        )
    )


def _stable(
    connection: Connection, snapshot: TableSnapshot, after: Table, pairs: Sequence[Pair], name: str
) -> list[Pair]:
    """The columns that hold the same values on both sides in all the rows that are not listed yet."""
    if not pairs:
        return []

    def sums(values: Sequence[sql.Composable]) -> sql.Composable:
        hashes = (
            sql.SQL("sum(pg_catalog.hashtextextended(ROW({})::text, 0)::numeric)").format(value) for value in values
        )
        return sql.SQL("ARRAY[{}]").format(listed(hashes))

    row = connection.execute(
        sql.SQL("SELECT (SELECT {} FROM {} k WHERE {}), (SELECT {} FROM {} t WHERE {})").format(
            sums([one.kept_text() for one in pairs]),
            data_table(snapshot.data),
            _left_over(name),
            sums([one.shown() for one in pairs]),
            after.source,
            _right_over(name),
        )
    ).fetchone()
    assert row is not None  # a query without FROM
    return [one for one, left, right in zip(pairs, *row) if left is not None and left == right]


def _left_over(name: str) -> sql.Composable:
    return sql.SQL("NOT EXISTS (SELECT FROM {} p WHERE p.n {} k.n)").format(data_table(name), EQUAL)


def _right_over(name: str) -> sql.Composable:
    return sql.SQL("NOT EXISTS (SELECT FROM {} p WHERE p.oid {} t.tableoid AND p.tid {} t.ctid)").format(
        data_table(name), EQUAL, EQUAL
    )


def following(
    moved: sql.Composable,
    listings: Iterable[str],
    *,
    put: sql.Composable | None = None,
    also: Sequence[sql.Composable] = (),
) -> sql.Composed:
    """A statement that moves rows, and notes in tables that list rows by their places (oid, tid) where these are then.

    `moved` tells from where (oid, tid) and to where (to_oid, to_tid). It may read what the statement `put` returns;
    `also` are further common table expressions, which may read `moved`.
    """
    parts = [] if put is None else [sql.SQL("put AS ({})").format(put)]
    parts.append(sql.SQL("moved AS ({})").format(moved))
    parts += [
        sql.SQL(
            "{} AS (UPDATE {} l SET oid = m.to_oid, tid = m.to_tid FROM moved m "
            "WHERE l.oid {} m.oid AND l.tid {} m.tid)"
        ).format(sql.Identifier(f"followed_{number}"), data_table(name), EQUAL, EQUAL)
        for number, name in enumerate(dict.fromkeys(listings))
    ]
    return sql.SQL("WITH {} SELECT 1").format(listed([*parts, *also]))
