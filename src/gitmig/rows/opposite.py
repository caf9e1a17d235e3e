"""Trying the opposite step: what it would not give back as it was is kept, and what it would give is noted beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from psycopg import sql

from gitmig.database.sending import ScriptError
from gitmig.rows.changes import Change, Extent, find_changes, heir_of
from gitmig.rows.constraints import quiet
from gitmig.rows.sequences import attempt
from gitmig.rows.snapshot import pair
from gitmig.rows.tables import read_tables
from gitmig.rows.values import any_of, as_text, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitmig.database.connection import Connection
    from gitmig.rows.script import Runnable
    from gitmig.rows.snapshot import Snapshot
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Table, Tables

IN_MEMORY = 16 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the opposite step would make of the tables.

    `fresh` names, by the number of a snapshot, the table with the rows that would not come back as they were: n (null:
    a row that was not there), there (whether it would be), and each column as text. None: nobody knows, it failed.
    `read` and `written` are the tables (oids) it reads only, or writes; `unseen` those of which there is no snapshot.
    """

    fresh: Mapping[int, str] | None
    read: frozenset[int] = frozenset()
    written: frozenset[int] = frozenset()
    unseen: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Found:
    read: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    copies: dict[int, tuple[IO[bytes], int]] = field(default_factory=dict)


def try_opposite(
    connection: Connection,
    store: Store,
    script: Runnable,
    snapshots: Sequence[Snapshot],
    before: Tables,
    now: Tables,
) -> Given:
    """Run the opposite step, compare with the snapshots from `before` this one, and take it back."""
    found = _Found()

    def work() -> bool:
        script.run()
        there = read_tables(connection, now)
        for table in now:
            later = there.by_oid.get(table.oid)
            if later is not None and (later.activity - table.activity).read:
                found.read.add(table.oid)
        found.written |= {change.table.oid for change in find_changes(now, there).tables}
        with quiet(connection):
            for snapshot in snapshots:
                copy = _copy_out(connection, store, snapshot, before, there)
                if copy is not None:
                    found.copies[snapshot.number] = copy
        return False

    seen = {snapshot.table.oid for snapshot in snapshots}
    try:
        attempt(connection, work)
    except ScriptError:
        return Given(fresh=None, written=frozenset(table.oid for table in now) & seen)
    unseen = {oid for oid in found.written if oid in before.by_oid and oid not in seen}
    if unseen:
        return Given(fresh=None, unseen=frozenset(unseen))
    fresh = {number: _copy_in(connection, store, number, copy, width) for number, (copy, width) in found.copies.items()}
    return Given(fresh=fresh, read=frozenset(found.read - found.written), written=frozenset(found.written))


def _copy_out(
    connection: Connection, store: Store, snapshot: Snapshot, before: Tables, there: Tables
) -> tuple[IO[bytes], int] | None:
    """The rows that are not as they were, as COPY writes them; None if the table is not there at all."""
    after = heir_of(snapshot.table, before, there)
    if after is None:
        return None
    activity = after.activity - snapshot.table.activity if after.oid == snapshot.table.oid else after.activity
    change = Change(table=snapshot.table, after=after, extent=Extent.ROWS, columns=snapshot.columns, activity=activity)
    pairing = pair(connection, store, snapshot, change, name=f"trial_{snapshot.number}")
    pairs = {one.kept.data: one for one in snapshot.pairs(after)}
    values = listed(
        pairs[saved.data].shown() if saved.data in pairs else sql.SQL("NULL::pg_catalog.text")
        for saved in snapshot.saved
    )
    query = sql.SQL(
        "SELECT k.n, t.ctid IS NOT NULL, {values} FROM {left} WHERE t.ctid IS NULL OR {differs} "
        "UNION ALL SELECT NULL, true, {values} FROM {right} WHERE k.n IS NULL"
    ).format(
        values=values,
        left=pairing.join("LEFT JOIN"),
        differs=any_of(one.differs for one in pairs.values())
        if len(pairs) == len(snapshot.columns)
        else sql.SQL("true"),
        right=pairing.join("RIGHT JOIN"),
    )
    file = SpooledTemporaryFile(max_size=IN_MEMORY)
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as rows:
        for row in rows:
            file.write(row)
    return file, len(snapshot.columns)


def _copy_in(connection: Connection, store: Store, number: int, file: IO[bytes], width: int) -> str:
    name = f"fresh_{number}"
    columns = "".join(f", NULL::text AS f{place}" for place in range(1, width + 1))
    store.create(name, sql.SQL("SELECT NULL::bigint AS n, NULL::bool AS there{} WHERE false").format(sql.SQL(columns)))
    file.seek(0)
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(data_table(name))) as into:
        while part := file.read(1 << 16):
            into.write(part)
    file.close()
    return name


def digests(connection: Connection, tables: Iterable[Table]) -> dict[str, str]:
    """By name, a digest of all rows of each table, whatever their order and that of the columns."""
    found = {}
    for table in tables:
        columns = sorted(table.stored, key=lambda column: column.name)
        values = listed(as_text(sql.Identifier("t", column.name), composite=bool(column.parts)) for column in columns)
        query = sql.SQL(
            "SELECT count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(ROW({})::text, 0)::numeric), 0) FROM {} t"
        ).format(values, table.source)
        row = connection.execute(query).fetchone()
        found[f"{table.name.schema}.{table.name.name}"] = str(row[0]) if row else ""
    return found


def differing(connection: Connection, tables: Tables, known: Mapping[str, str]) -> frozenset[str]:
    """The tables (names) that do not hold what was noted of them; or are not there."""
    by_name = {f"{table.name.schema}.{table.name.name}": table for table in tables}
    found = digests(connection, [by_name[name] for name in sorted(known.keys() & by_name.keys())])
    return frozenset(name for name, digest in known.items() if found.get(name) != digest)
