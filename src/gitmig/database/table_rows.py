"""The rows of all tables and the places of all sequences, as digests that are equal where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.catalogs.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

# Columns by name: their order may differ between two databases with one schema. Partitions are read one by one.
TABLES = f"""
    SELECT n.nspname, c.relname, (
        SELECT coalesce(array_agg(a.attname ORDER BY a.attname), '{{}}') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text[]
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'r' AND {OWN_RELATION} ORDER BY 1, 2
"""
SEQUENCES = f"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'S' AND {OWN_RELATION} ORDER BY 1, 2
"""


def digests_of_rows(connection: Connection) -> dict[tuple[str, str], str]:
    """Schema and name of every table and sequence → what stands in it, whatever the order of its rows."""
    found: dict[tuple[str, str], str] = {}
    tables = connection.execute(TABLES.encode()).fetchall()
    for schema, name, columns in tables:
        row = sql.SQL("ROW({})::pg_catalog.text").format(
            sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in columns)
        )
        found[schema, name] = _one(
            connection,
            sql.SQL(
                "SELECT pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum("
                "pg_catalog.hashtextextended({}, 0)::pg_catalog.numeric), 0) FROM ONLY {} t"
            ).format(row, sql.Identifier(schema, name)),
        )
    for schema, name in connection.execute(SEQUENCES.encode()).fetchall():
        query = sql.SQL("SELECT last_value || ' ' || is_called FROM {}").format(sql.Identifier(schema, name))
        found[schema, name] = _one(connection, query)
    return found


def _one(connection: Connection, query: sql.Composed) -> str:
    with connection.among_rows():
        row = connection.execute(query).fetchone()
    return str(row[0]) if row else ""
