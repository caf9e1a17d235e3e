"""Locking the tables of a plan before it begins, where its locks, one by one, have met those of somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.rows.reach import words_of
from gitmig.schema.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gitmig.execute.tasks import Task
    from gitmig.postgres.connection import Connection

# Whom nothing allows to write a table, nothing allows to lock it, and no script of theirs does.
TABLES = f"""
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OWN_RELATION}
        AND ($1::text[] IS NULL OR c.relname = ANY ($1::text[]))
        AND pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
    ORDER BY c.oid
"""


def lock_tables(connection: Connection, tasks: Iterable[Task]) -> None:
    """Lock the tables that the tasks' scripts name against everybody, in the open transaction.

    While one of them is waited for, no other is held: who has it may be waiting for that one.
    """
    (rows,) = connection.run_prepared((TABLES, (_names(tasks),)))
    tables = [sql.Identifier(*row) for row in rows]
    busy: sql.Identifier | None = None
    while tables:
        if busy is not None:
            tables = [busy, *(table for table in tables if table is not busy)]
        busy = _lock(connection, tables, waits=busy is not None)
        if busy is None:
            return


def _lock(connection: Connection, tables: Iterable[sql.Identifier], *, waits: bool) -> sql.Identifier | None:
    """Lock them all, and perhaps wait for the first one; else returns the one that somebody has, and none is locked."""
    table: sql.Identifier | None = None
    is_first = waits
    try:
        with connection.transaction():
            for table in tables:
                mode = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE{}")
                connection.execute(mode.format(table, sql.SQL("" if is_first else " NOWAIT")))
                is_first = False
    except psycopg.errors.LockNotAvailable:
        if is_first:  # the user's lock_timeout
            raise
        return table
    return None


def _names(tasks: Iterable[Task]) -> Collection[str] | None:
    """All words of their scripts; None if nobody knows them."""
    names: set[str] = set()
    for task in tasks:
        for script in (task.script, task.opposite):
            words = words_of(script.sql) if script is not None else frozenset[str]()
            if words is None:
                return None
            names |= words
    return sorted(names)
