"""Taking rows out of the way of a step that fails because of them, and putting them back behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace
from psycopg import sql

from gitmig.rows.changes import successor
from gitmig.rows.constraints import triggers_off
from gitmig.rows.items import Kind
from gitmig.rows.places import Place
from gitmig.rows.values import EQUAL, Pair, all_of, data_table, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.postgres.run_sql import ScriptError
    from gitmig.rows.items import Item
    from gitmig.rows.snapshot import TableSnapshot
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Table, Tables

# Rows cannot be taken out of a table while others may refer to them.
REFERRING = """
    WITH RECURSIVE affected AS (
        SELECT pg_catalog.unnest(%s::oid[]) AS oid
        UNION
        SELECT coalesce(pg_catalog.pg_partition_root(o.conrelid), o.conrelid) FROM pg_catalog.pg_constraint o
        JOIN affected a ON o.confrelid = a.oid WHERE o.contype = 'f'
    )
    SELECT oid::int8 FROM affected
"""
NOT_NULL = "23502"
LONGEST = 300  # characters


def suspects(connection: Connection, tables: Tables, error: ScriptError) -> Iterator[frozenset[int]]:
    """Sets of tables (oids) whose rows may be what is in the way: those PostgreSQL or the statement name, then all."""
    filled = {table.oid: table.name for table in tables if table.filled}
    words = set(re.findall(r"[\w$]+", error.statement.lower()))
    named = {oid for oid, name in filled.items() if error.table == (name.schema, name.name)}
    mentioned = {oid for oid, name in filled.items() if name.name.lower() in words}
    tried: set[frozenset[int]] = set()
    for start in (named, mentioned, set(filled)):
        rows = connection.execute(REFERRING, (list(start),)).fetchall()
        closed = frozenset(oid for (oid,) in rows if oid in tables.by_oid)
        if closed and closed not in tried:
            tried.add(closed)
            yield closed


def empty(connection: Connection, tables: Collection[Table]) -> None:
    """Take all rows out of these tables; they must be closed under references."""
    if not tables:
        return
    with triggers_off(connection, {table.oid for table in tables}):
        names = sql.SQL(", ").join(table.source for table in sorted(tables, key=lambda table: table.oid))
        connection.execute(sql.SQL("TRUNCATE {}").format(names))


def waiting_rows(store: Store, item: Item, snapshot: TableSnapshot, after: Table) -> Place:
    """Make an item of a snapshot whose rows are to be put into the table `after`."""
    key = set(snapshot.table.key)
    columns = []
    pairs = []
    for saved, column in zip(snapshot.saved, snapshot.columns):
        heir = successor(snapshot.table, column, after)
        kept = replace(saved, heir=heir.name if heir else None, key=column.number in key and heir is not None)
        columns.append(kept)
        if heir is not None:
            pairs.append(Pair(kept=kept, column=heir, table=after.name))
    if sum(pair.kept.key for pair in pairs) < len(key):
        pairs = [replace(pair, kept=replace(pair.kept, key=False)) for pair in pairs]
    store.create(
        item.data,
        sql.SQL(
            "SELECT k.n, {}::text AS kind, NULL::text AS why, NULL::text AS detail, false AS has_fresh, {} FROM {} k"
        ).format(
            Kind.GONE.value, listed(sql.Identifier("k", column.data) for column in columns), data_table(snapshot.data)
        ),
    )
    return Place(item=replace(item, columns=tuple(columns)), table=after, pairs=tuple(pairs), missing=())


def knows_all(connection: Connection, snapshot: TableSnapshot, lenders: Sequence[Item]) -> bool:
    """Whether one of the items holds something for every row. Also where there are none."""
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(data_table(snapshot.data))
    if connection.execute(query).fetchone() == (False,):
        return True  # a file that has grown in a transaction taken back holds nothing
    for lender in lenders:
        if (on := _same_row(snapshot, lender, "i")) is None:
            continue
        unknown = sql.SQL("SELECT EXISTS (SELECT FROM {} k WHERE NOT EXISTS (SELECT FROM {} i WHERE {}))").format(
            data_table(snapshot.data), data_table(lender.data), on
        )
        if connection.execute(unknown).fetchone() == (False,):
            return True
    return False


def name_row(connection: Connection, tables: Tables, error: ScriptError) -> None:
    """Add to the error a row that has a null where none may be; `tables` are those of the database as it is now."""
    if error.sqlstate != NOT_NULL or error.detail is not None or error.table is None or error.column is None:
        return
    schema, name = error.table
    table = next((t for t in tables if (t.name.schema, t.name.name) == (schema, name)), None)
    if table is None:
        return
    # a column that the script adds is null in every row
    known = table.column(error.column) is not None
    condition = sql.SQL("t.{} IS NULL").format(sql.Identifier(error.column)) if known else sql.SQL("true")
    with connection.among_rows():
        row = connection.execute(
            sql.SQL("SELECT pg_catalog.to_jsonb(t)::text FROM {} t WHERE {} LIMIT 1").format(
                sql.Identifier(schema, name), condition
            )
        ).fetchone()
    if row:
        error.detail = f"one such row is {row[0][:LONGEST]}"


def _same_row(snapshot: TableSnapshot, lender: Item, alias: str) -> sql.Composable | None:
    """Row `alias` of an item is about row `k`, by a key that both have; None: that cannot be told."""
    by_name = {column.name: saved for saved, column in zip(snapshot.saved, snapshot.columns)}
    key = [kept for kept in lender.columns if kept.key]
    if not key or any(kept.heir not in by_name for kept in key):
        return None
    equal = [
        sql.SQL("k.{}::text {} {}::text").format(
            sql.Identifier(by_name[str(kept.heir)].data), EQUAL, sql.Identifier(alias, kept.data)
        )
        for kept in key
    ]
    return all_of([*equal, sql.SQL("{} {} {}").format(sql.Identifier(alias, "kind"), EQUAL, Kind.PAIRED.value)])
