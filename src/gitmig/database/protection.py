"""The marker in the ledger that says: this database is never changed without a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.database import ledger_schema

if TYPE_CHECKING:
    from gitmig.database.connection import Connection


def is_protected(connection: Connection) -> bool:
    """Whether the marker is set; writes nothing."""
    if ledger_schema.version(connection) < ledger_schema.WITH_PROTECTION:
        return False
    row = connection.execute("SELECT protected FROM gitmig.state").fetchone()
    return bool(row and row[0])


def set_protected(connection: Connection, *, protected: bool) -> bool:
    """Set or take away the marker, making the ledger if there is none; False if it was so before."""
    with connection.transaction():
        ledger_schema.upgrade(connection)
        cursor = connection.execute(
            "UPDATE gitmig.state SET protected = %s, changed_at = clock_timestamp() WHERE protected <> %s",
            (protected, protected),
        )
        return cursor.rowcount > 0
