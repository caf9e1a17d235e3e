"""Constraints that may be checked late: told to speak up now, and then left as they were.

They are named one by one. `SET CONSTRAINTS ALL` would hold until the end of the transaction, also for constraints that
a later script in it makes, and that script may count on their being checked late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.database.connection import Connection

# A name stands for every constraint of that name in the schema; if one of them cannot be checked late, none is set.
DEFERRABLE = b"""
    SELECT n.nspname, o.conname, bool_and(o.condeferrable), bool_and(o.condeferred)
    FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
    WHERE EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE condeferrable)
    GROUP BY n.nspname, o.conname HAVING bool_or(o.condeferrable)
"""
Names = list[tuple[str, str]]


def settle_constraints(connection: Connection) -> None:
    """Check now what would be checked at the end; pending checks would stop a later ALTER TABLE (55006)."""
    statements = settling(connection)
    with connection.users_path():  # constraint triggers are users' functions
        for statement in statements:
            connection.execute(statement)


def settling(connection: Connection) -> list[sql.Composed]:
    """The statements that do so; none where no constraint can be checked late."""
    names, late, nameable = _deferrable(connection)
    statements = [_set(names if nameable else None, "IMMEDIATE")] if names else []
    return [*statements, _set(late, "DEFERRED")] if late else statements


def defer_constraints(connection: Connection) -> None:
    """Check at the end, or at the next settling, whatever can be."""
    names, _, nameable = _deferrable(connection)
    if names:
        connection.execute(_set(names if nameable else None, "DEFERRED"))


def _deferrable(connection: Connection) -> tuple[Names, Names, bool]:
    """The constraints that can be checked late, those of them that are, and whether all can be told by their names."""
    rows = connection.execute(DEFERRABLE).fetchall()
    names = [(schema, name) for schema, name, _, _ in rows]
    late = [(schema, name) for schema, name, only, deferred in rows if only and deferred]
    return names, late, all(only for _, _, only, _ in rows)


def _set(names: Collection[tuple[str, str]] | None, when: str) -> sql.Composed:
    listed: sql.Composable = sql.SQL(", ").join(map(_identifier, names)) if names else sql.SQL("ALL")
    return sql.SQL("SET CONSTRAINTS {} {}").format(listed, sql.SQL(when))


def _identifier(name: tuple[str, str]) -> sql.Identifier:
    return sql.Identifier(*name)
