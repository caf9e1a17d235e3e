"""Planting a row into every table that takes one, so that scripts meet data as they will in a used database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.rows.constraints import every_foreign_key, settling
from gitmig.rows.samples import Planted, Reference, Type, full_insert, in_order, sparse_insert
from gitmig.rows.tables import read_tables
from gitmig.schema.scope import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.tables import TableName

# Of each type that a column has, under its plain name: what is below a domain decides about its values.
TYPES = f"""
    WITH RECURSIVE below AS (
        SELECT t.oid AS type, t.* FROM pg_catalog.pg_type t WHERE t.oid IN (
            SELECT a.atttypid FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE c.relkind IN ('r', 'p'))
        UNION ALL
        SELECT b.type, t.* FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype AND b.typtype = 'd'
    )
    SELECT quote_ident(n.nspname) || '.' || quote_ident(t.typname), pg_catalog.format_type(b.oid, NULL), b.typname,
        b.typcategory, b.typtype, (SELECT count(*) FROM pg_catalog.pg_attribute f
            WHERE f.attrelid = b.typrelid AND f.attnum > 0 AND NOT f.attisdropped), t.typnotnull
    FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.type JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE b.typtype <> 'd'
"""


def plant(connection: Connection) -> list[TableName]:
    """Plant the rows in the caller's transaction; returns the tables that took one."""
    checks = [statement.as_string(connection) for statement in settling(connection)]
    return [planted.table.name for planted in in_order(_read(connection)) if _takes_one(connection, planted, checks)]


def _takes_one(connection: Connection, planted: Planted, checks: Sequence[str]) -> bool:
    """Try a full row, then a sparse one; one round trip each, as there are many tables."""
    for statement in dict.fromkeys(insert(planted).as_string(connection) for insert in (full_insert, sparse_insert)):
        try:
            with connection.users_path():
                connection.execute("; ".join(("SAVEPOINT planting", statement, *checks, "RELEASE planting")).encode())
        except psycopg.Error:
            connection.execute("ROLLBACK TO planting; RELEASE planting")
        else:
            return True
    return False


def _read(connection: Connection) -> list[Planted]:
    """Every table, in order of name. A column that is part of several foreign keys follows the first."""
    tables = sorted(read_tables(connection), key=lambda table: table.name)
    types = {
        plain: Type(base=base, name=name, category=category, kind=kind, fields=fields, required=required)
        for plain, base, name, category, kind, fields, required in connection.execute(TYPES.encode())
    }
    references: dict[int, dict[str, Reference]] = {}
    for key in every_foreign_key(connection, checked=False):
        for own, other in zip(key.columns, key.other_columns):
            reference = Reference(target=key.target, source=key.other, column=other)
            references.setdefault(key.table, {}).setdefault(own, reference)
    return [Planted(table=table, types=types, references=references.get(table.oid, {})) for table in tables]
