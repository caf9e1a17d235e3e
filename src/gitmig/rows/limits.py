"""How much a step may keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.rows.changes import Extent
from gitmig.rows.constraints import quiet
from gitmig.text import as_size

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.rows.changes import Changes, TableChange
    from gitmig.rows.items import Limits, Subject


def check_limits(connection: Connection, subject: Subject, changes: Changes, limits: Limits) -> None:
    """Refuse what cannot be kept, or is too much. Raises GitmigError."""
    if changes.large_objects:
        raise GitmigError(
            f"{subject.label} deletes {changes.large_objects} large objects, which cannot be kept",
            hint="delete them by hand first if they are not needed; the database is as it was",
        )
    if sum(loss.table.bytes for loss in changes.losses) <= limits.bytes:
        return
    with quiet(connection, {loss.table.oid for loss in changes.losses}):
        sizes = [(_bytes(connection, loss), loss) for loss in changes.losses]
    total = sum(size for size, _ in sizes)
    if total > limits.bytes:
        size, largest = max(sizes, key=lambda pair: pair[0])
        raise GitmigError(
            f"{subject.label} takes {as_size(total)} of rows away ({largest}: {as_size(size)}), and kept_size allows "
            f"{as_size(limits.bytes)}",
            hint=f"allow more, as in git config gitmig.keptSize '{_enough(total)}', or delete rows that are not needed",
        )


def _bytes(connection: Connection, loss: TableChange) -> int:
    """How much has to be copied: the files of a table, or what its lost columns hold."""
    if loss.extent is Extent.ROWS:
        return loss.table.bytes
    columns = sql.SQL(" + ").join(
        sql.SQL("coalesce(pg_catalog.pg_column_size({}), 0)").format(sql.Identifier("t", column.name))
        for column in loss.columns
    )
    row = connection.execute(
        sql.SQL("SELECT coalesce(sum({}), 0)::int8 FROM {} t").format(columns, loss.table.source)
    ).fetchone()
    return int(row[0]) if row else 0


def _enough(size: int) -> str:
    return f"{size // (1 << 30) + 1} GB"
