"""Reading which tables a database has, with what the carrying of their rows depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.core.carrying import Column, Table
from gitmig.database.catalogs.scope import OURS, OWN_RELATION
from gitmig.database.rebuild.session import KEPT

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

# A built-in type means the same in every database, and so does its binary form, unless that is an object's number
# (regclass and its kin) or there is none (aclitem). An array has the number of its element type in it.
PORTABLE = """
    t.oid < 16384 AND t.typtype IN ('b', 'r', 'm') AND t.typsend <> 0 AND t.typname !~ '^_?reg'
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typsend = 0)
"""
TABLES = f"""
SELECT n.nspname, c.relname, c.relkind = 'p',
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'portable', {PORTABLE}, 'stored', a.attgenerated = '',
      'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '') ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  ARRAY(SELECT a.attname::text FROM pg_constraint o, unnest(o.conkey) k(attnum)
    JOIN pg_attribute a ON a.attnum = k.attnum
    WHERE o.conrelid = c.oid AND o.contype = 'p' AND a.attrelid = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OWN_RELATION} AND
"""
ORDER = " ORDER BY n.nspname, c.relname"


def read_tables(connection: Connection) -> tuple[Table, ...]:
    """Every table whose rows are the user's, partitioned ones as a whole, in order of name."""
    return _read(connection, OURS)


def read_kept(connection: Connection) -> tuple[Table, ...]:
    """The tables of schema gitmig_kept."""
    return _read(connection, f"n.nspname = '{KEPT}'")


def identifier(table: Table) -> sql.Identifier:
    """The table's name for a statement."""
    return sql.Identifier(table.schema, table.name)


def alone(table: Table) -> sql.Composed:
    """The table for a statement about its own rows: those of its partitions, not those of tables that inherit."""
    return sql.SQL("{}{}").format(sql.SQL("" if table.partitioned else "ONLY "), identifier(table))


def count_rows(connection: Connection, table: Table) -> int:
    """How many rows the table has."""
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(alone(table))).fetchone()
    return int(row[0]) if row else 0


def _read(connection: Connection, scope: str) -> tuple[Table, ...]:
    return tuple(
        Table(
            schema=schema,
            name=name,
            partitioned=partitioned,
            columns=tuple(Column(**column) for column in columns),
            key=tuple(key),
        )
        for schema, name, partitioned, columns, key in connection.execute((TABLES + scope + ORDER).encode()).fetchall()
    )
