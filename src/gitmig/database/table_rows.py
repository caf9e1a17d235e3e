"""The rows of all tables and the places of all sequences, as digests that are equal where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.catalogs.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.database.connection import Connection

# Columns by name: their order may differ between two databases with one schema. Partitions are read one by one.
TABLES = f"""
    SELECT format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, (
        SELECT coalesce(array_agg(a.attname ORDER BY a.attname), '{{}}') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text[]
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'r' AND {OWN_RELATION} ORDER BY 1, 2
"""
SEQUENCES = f"""
    SELECT format('%I.%I', n.nspname, c.relname), n.nspname, c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'S' AND {OWN_RELATION} ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """By quoted name: a digest of each table's rows, and each sequence's value and whether that was given away."""

    tables: Mapping[str, str]
    sequences: Mapping[str, tuple[int, bool]]


def read_rows(connection: Connection) -> Rows:
    """What stands in every table, whatever the order of its rows, and in every sequence."""
    tables: dict[str, str] = {}
    for shown, schema, name, columns in connection.execute(TABLES.encode()).fetchall():
        row = sql.SQL("ROW({})::pg_catalog.text").format(
            sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in columns)
        )
        query = sql.SQL(
            "SELECT pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum("
            "pg_catalog.hashtextextended({}, 0)::pg_catalog.numeric), 0) FROM ONLY {} t"
        ).format(row, sql.Identifier(schema, name))
        with connection.among_rows():
            ((tables[shown],),) = connection.execute(query).fetchall()
    sequences: dict[str, tuple[int, bool]] = {}
    for shown, schema, name in connection.execute(SEQUENCES.encode()).fetchall():
        query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(schema, name))
        ((value, used),) = connection.execute(query).fetchall()
        sequences[shown] = (value, used)
    return Rows(tables=tables, sequences=sequences)
