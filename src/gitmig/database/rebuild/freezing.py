"""Keeping everybody from writing to the old database from the moment its rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.rows.tables import read_kept, read_tables
from gitmig.rows.values import listed

if TYPE_CHECKING:
    from gitmig.database.connection import Connection
    from gitmig.database.rebuild.sessions import Patience
    from gitmig.rows.tables import Column, TableName

    Shapes = dict[TableName, tuple[Column, ...]]

PATIENCE = "SET LOCAL lock_timeout = '1s'"


def freeze(old: Connection, watcher: Connection, name: str, patience: Patience) -> None:
    """Begin a transaction on the old database that sees one state of it, which nobody changes until it ends.

    Waits until nobody else is connected, for who is may be in the midst of something. Raises InUse, GitmigError.
    """
    while True:
        patience.wait_until_alone(watcher, name, [old.info.backend_pid])
        tables = _tables(old)
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        if _locked(old, tables) and _tables(old) == tables:
            return
        old.execute("ROLLBACK")


def _locked(old: Connection, tables: Shapes) -> bool:
    """Lock the tables, before the transaction's view of the database is taken; False if somebody is in the way."""
    if not tables:
        return True
    names = listed(sql.Identifier(name.schema, name.name) for name in tables)
    try:
        old.execute(PATIENCE)
        old.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
    except psycopg.errors.InsufficientPrivilege as error:
        raise GitmigError(
            f"not allowed to carry rows: {error.diag.message_primary}",
            hint="connect as a superuser, or as a member of the role that owns the table",
        ) from error
    except psycopg.errors.OperationalError as error:
        if error.sqlstate != psycopg.errors.LockNotAvailable.sqlstate:
            raise
        return False
    return True


def _tables(old: Connection) -> Shapes:
    return {table.name: table.columns for tables in (read_tables(old), read_kept(old)) for table in tables}
