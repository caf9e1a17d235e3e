"""Columns that a revert makes anew under the name and type they had: that is no reason for them to be empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.postgres.run_sql import HOPELESS
from gitmig.rows.bisect import Bisection
from gitmig.rows.changes import successor
from gitmig.rows.constraints import identities_writable, run_settling, triggers_off
from gitmig.rows.snapshot import following
from gitmig.rows.values import EQUAL, TRUE, Pair, all_of, data_table, listed

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.rows.changes import TableChange
    from gitmig.rows.snapshot import Pairing, TableSnapshot
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Table


def give_values_back(connection: Connection, store: Store, pairing: Pairing, change: TableChange) -> None:
    """Give the columns that the revert has made anew the values they had before it, row by row as far as these fit.

    Not where the script has written something into them. The pairing is followed.
    """
    pairs = remade_columns(pairing.snapshot, pairing.after)
    if not pairs or (change.activity.updated and _holds_any(connection, pairing.after, pairs)):
        return
    data = f"remade_{pairing.snapshot.number}"
    try:
        with connection.transaction():
            store.create(
                data,
                sql.SQL(
                    "SELECT k.n, t.tableoid AS oid, t.ctid AS tid, NULL::text AS why, NULL::text AS detail, {} FROM {}"
                ).format(listed(sql.Identifier("k", one.kept.data) for one in pairs), pairing.join()),
            )
            _fill(connection, data, pairing, pairs)
    except psycopg.Error as error:  # they stay kept
        if error.sqlstate in HOPELESS:
            raise
    store.drop_data(data)


def remade_columns(snapshot: TableSnapshot, after: Table) -> list[Pair]:
    """The columns of which the table has another one now, of the same name and type."""
    if snapshot.table.oid != after.oid:
        return []
    return [
        Pair(kept=saved, column=heir, table=after.name)
        for saved, column in zip(snapshot.saved, snapshot.columns)
        if (heir := successor(snapshot.table, column, after)) is not None
        and heir.number != column.number
        and heir.type == column.type
    ]


def _holds_any(connection: Connection, table: Table, pairs: list[Pair]) -> bool:
    """Whether there is a value in one of the columns."""
    empty = all_of(sql.SQL("t.{} IS NULL").format(sql.Identifier(one.column.name)) for one in pairs)
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} t WHERE NOT {})").format(table.source, empty)
    return connection.execute(query).fetchone() == (True,)


def _fill(connection: Connection, data: str, pairing: Pairing, pairs: list[Pair]) -> None:
    table = pairing.after
    sets = listed(sql.SQL("{} = {}").format(sql.Identifier(one.column.name), one.value) for one in pairs)
    listings = [pairing.listed] if pairing.listed else []

    def work(rows: sql.Composable) -> None:
        moved = sql.SQL(
            "UPDATE {table} t SET {sets} FROM {data} k "
            "WHERE {rows} AND t.tableoid {equal} k.oid AND t.ctid {equal} k.tid "
            "RETURNING k.oid, k.tid, t.tableoid AS to_oid, t.ctid AS to_tid"
        ).format(table=table.source, sets=sets, data=data_table(data), rows=rows, equal=EQUAL)
        with connection.users_path():
            connection.execute(following(moved, listings))

    with triggers_off(connection, {table.oid}) as settling, identities_writable(connection, [table]):
        Bisection(connection, data, TRUE, work).run()
        run_settling(connection, settling)
