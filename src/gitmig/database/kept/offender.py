"""Naming the row a script failed on where PostgreSQL does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from gitmig.core.kept.shape import Shape
    from gitmig.database.connection import Connection
    from gitmig.database.sending import ScriptError

NOT_NULL = "23502"
LONGEST = 300  # characters


def name_row(connection: Connection, shape: Shape, error: ScriptError) -> None:
    """Add to the error a row that has a null where none may be; `shape` is that of the database as it is now."""
    if error.sqlstate != NOT_NULL or error.detail is not None or error.table is None or error.column is None:
        return
    schema, name = error.table
    table = next((t for t in shape.tables.values() if (t.name.schema, t.name.name) == (schema, name)), None)
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
