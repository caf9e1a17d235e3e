"""Planting a row into every table that takes one, so that scripts meet data as they will in a used database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from gitmig.core.sample_rows import Column, Table, Type, full_insert, in_order, sparse_insert
from gitmig.database.catalogs.scope import OWN_RELATION, RELATION, RELATIONS
from gitmig.rows.constraints import settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection

# One row per table. What is below a domain decides about its values; a column that is part of several foreign keys
# follows the first. Rows of partitions come through their parents.
BELOW = """LATERAL (
    WITH RECURSIVE below AS (
      SELECT t.* FROM pg_type t WHERE t.oid = a.atttypid
      UNION ALL SELECT t.* FROM below JOIN pg_type t ON t.oid = below.typbasetype AND below.typtype = 'd')
    SELECT * FROM below WHERE typtype <> 'd')"""
REFERENCES = """(
    SELECT jsonb_build_array(quote_ident(n.nspname) || '.' || quote_ident(p.relname), quote_ident(pa.attname))
    FROM pg_constraint f CROSS JOIN LATERAL unnest(f.conkey, f.confkey) u(own, far)
      JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace
      JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = u.far
    WHERE f.conrelid = c.oid AND f.contype = 'f' AND u.own = a.attnum ORDER BY f.oid LIMIT 1)"""
FIELDS = "(SELECT count(*) FROM pg_attribute f WHERE f.attrelid = b.typrelid AND f.attnum > 0 AND NOT f.attisdropped)"
# Only types that SQL itself names take a length, and such a name means PostgreSQL's own type under every search path.
WRITTEN = """CASE WHEN a.atttypmod = -1 THEN (SELECT format('%I.%I', m.nspname, t.typname) FROM pg_namespace m
      WHERE m.oid = t.typnamespace) ELSE format_type(a.atttypid, a.atttypmod) END"""
COLUMN = f"""jsonb_build_object(
    'name', quote_ident(a.attname), 'required', a.attnotnull OR t.typnotnull,
    'filled', a.atthasdef OR a.attidentity <> '', 'references', {REFERENCES},
    'type', jsonb_build_object('written', {WRITTEN}, 'base', format_type(b.oid, NULL),
      'name', b.typname, 'category', b.typcategory, 'kind', b.typtype, 'length', a.atttypmod, 'fields', {FIELDS}))"""
TABLES = f"""
SELECT {RELATION}, (
    SELECT coalesce(jsonb_agg({COLUMN} ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid CROSS JOIN {BELOW} b
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> 'a' AND a.attgenerated = '')
FROM {RELATIONS} AND c.relkind IN ('r', 'p') WHERE {OWN_RELATION} ORDER BY 1
"""


def plant(connection: Connection) -> list[str]:
    """Plant the rows in the caller's transaction; returns the tables that took one, as SQL writes their names."""
    checks = [statement.as_string(connection) for statement in settling(connection)]
    return [table.name for table in in_order(_tables(connection)) if _planted(connection, table, checks)]


def _planted(connection: Connection, table: Table, checks: Sequence[str]) -> bool:
    """Try a full row, then a sparse one; one round trip each, as there are many tables."""
    for statement in dict.fromkeys((full_insert(table), sparse_insert(table))):
        try:
            with connection.users_path():
                connection.execute("; ".join(("SAVEPOINT planting", statement, *checks, "RELEASE planting")).encode())
        except psycopg.Error:
            connection.execute("ROLLBACK TO planting; RELEASE planting")
        else:
            return True
    return False


def _tables(connection: Connection) -> list[Table]:
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL jit = off")  # to compile the query takes longer than to run it
        rows = connection.execute(TABLES.encode()).fetchall()
    return [Table(name=name, columns=tuple(map(_column, columns))) for name, columns in rows]


def _column(found: dict[str, Any]) -> Column:
    references = found.pop("references")
    return Column(**found | {"type": Type(**found["type"]), "references": tuple(references) if references else None})
