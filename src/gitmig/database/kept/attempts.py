"""Trying something out and taking it back, without leaving traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.database.catalogs.scope import OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.database.connection import Connection

SEQUENCES = f"""
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND {OURS}
"""


def attempt(connection: Connection, work: Callable[[], bool]) -> bool:
    """Do some work in a savepoint. Where it returns False or fails, it is as if nothing had been done.

    That includes sequences, which a rollback alone leaves where they are: a step that runs twice has to give the
    numbers of one that runs once.
    """
    before = _sequences(connection)
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


def _sequences(connection: Connection) -> dict[tuple[str, str], tuple[int, bool]]:
    """Where every sequence is: its last value, and whether that was given out."""
    names = connection.execute(SEQUENCES.encode()).fetchall()
    if not names:
        return {}
    parts = [
        sql.SQL("SELECT {}, {}, last_value, is_called FROM {}").format(schema, name, sql.Identifier(schema, name))
        for schema, name in names
    ]
    rows = connection.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return {(schema, name): (last, called) for schema, name, last, called in rows}


def _restore(connection: Connection, before: dict[tuple[str, str], tuple[int, bool]]) -> None:
    now = _sequences(connection)
    for (schema, name), (last, called) in before.items():
        if now.get((schema, name)) != (last, called):
            connection.execute(
                sql.SQL("SELECT pg_catalog.setval({}::regclass, {}, {})").format(
                    sql.Literal(sql.Identifier(schema, name).as_string(connection)), last, called
                )
            )
