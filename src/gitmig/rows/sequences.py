"""Sequences: what is tried and taken back leaves them where they were, and rows that come back are behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.database.catalogs.scope import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from gitmig.database.connection import Connection
    from gitmig.rows.tables import Table

SEQUENCES = f"""
    SELECT n.nspname, c.relname, pg_catalog.clock_timestamp()
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND {OURS}
"""
# A number that another session has taken must not be given out again: a gap is the lesser evil. Whose state this role
# may not see counts as busy.
SOMEBODY_ELSE = b"""
    SELECT pid FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
        AND backend_type IS NOT DISTINCT FROM 'client backend' AND (state IS DISTINCT FROM 'idle' OR state_change > %s)
    LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Schema and name → last value and whether it was given out, as they were `at` a time; None: there are none."""

    at: datetime | None
    values: dict[tuple[str, str], tuple[int, bool]]


def attempt(connection: Connection, work: Callable[[], bool]) -> bool:
    """Do some work in a savepoint. Where it returns False or fails, it is as if nothing had been done.

    That includes sequences, which a rollback alone leaves where they are: a step that runs twice has to give the
    numbers of one that runs once. Not if another session may have taken numbers meanwhile.
    """
    before = positions(connection)
    done = False
    try:
        with connection.transaction() as savepoint:
            done = work()
            if not done:
                raise psycopg.Rollback(savepoint)
    finally:
        if not done and not connection.closed:
            _restore(connection, before)
    return done


def positions(connection: Connection) -> Positions:
    """Where every sequence is: its last value, and whether that was given out; and the server's time."""
    rows = connection.execute(SEQUENCES.encode()).fetchall()
    if not rows:
        return Positions(at=None, values={})
    parts = [
        sql.SQL("SELECT {}, {}, last_value, is_called FROM {}").format(schema, name, sql.Identifier(schema, name))
        for schema, name, _ in rows
    ]
    found = connection.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return Positions(at=rows[0][2], values={(schema, name): (last, called) for schema, name, last, called in found})


def move_past(connection: Connection, tables: Iterable[Table]) -> None:
    """Let the sequences that belong to tables go on behind their highest values, those beyond their ends aside."""
    for table in tables:
        for column in table.columns:
            if column.defaulted:
                _move_past(connection, table, column.name)


def _move_past(connection: Connection, table: Table, column: str) -> None:
    name = sql.SQL("pg_catalog.pg_get_serial_sequence({}, {})").format(
        sql.Literal(table.plain.as_string(connection)), sql.Literal(column)
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
                column=sql.Identifier(column),
                table=table.plain,
                name=sql.SQL(row[0]),
            )
        )


def _restore(connection: Connection, before: Positions) -> None:
    now = positions(connection).values
    moved = {name: value for name, value in before.values.items() if now.get(name) != value}
    if not moved:
        return
    connection.execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
    if connection.execute(SOMEBODY_ELSE, (before.at,)).fetchone():
        return
    for (schema, name), (last, called) in moved.items():
        connection.execute(
            sql.SQL("SELECT pg_catalog.setval({}::regclass, {}, {})").format(
                sql.Literal(sql.Identifier(schema, name).as_string(connection)), last, called
            )
        )
