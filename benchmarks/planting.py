"""A few rows in every table of a database, whatever its columns are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable

# Every number is the row's own, keys and references alike: then every reference leads to a row.
COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, NULL), t.typcategory,
  (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
  information_schema._pg_char_max_length(a.atttypid, a.atttypmod)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND n.nspname NOT IN ('gitmig', 'gitmig_kept', 'information_schema') AND n.nspname !~ '^pg_'
ORDER BY 1, 2, a.attnum
"""
LITERALS: dict[str, Callable[[int], str]] = {
    "uuid": lambda n: f"00000000-0000-0000-0000-{n:012}",
    "json": lambda n: f'{{"n": {n}}}',
    "jsonb": lambda n: f'{{"n": {n}}}',
    "bytea": lambda n: f"\\x{n:02x}",
    "ltree": lambda n: f"0.{n}",
    "interval": lambda n: f"{n} days",
    "inet": lambda n: f"10.0.0.{n}",
    "xml": lambda n: f"<n>{n}</n>",
    "tsvector": lambda n: f"row {n}",
}
BY_CATEGORY: dict[str, Callable[[int], str]] = {
    "N": str,
    "S": lambda n: f"row {n}",
    "B": lambda n: "true" if n % 2 else "false",
    "D": lambda n: f"2026-01-{n:02} 12:00:00+00",
    "A": lambda _: "{}",
    "R": lambda _: "empty",
}
# Rows that refer to a row which is not there: its table has refused it.
DANGLING = """
SELECT format('DELETE FROM %s t WHERE %s AND NOT EXISTS (SELECT FROM %s r WHERE %s)', o.conrelid::regclass,
  string_agg(format('t.%I IS NOT NULL', a.attname), ' AND '), o.confrelid::regclass,
  string_agg(format('r.%I = t.%I', b.attname, a.attname), ' AND '))
FROM pg_constraint o, unnest(o.conkey, o.confkey) k(own, other), pg_attribute a, pg_attribute b
WHERE o.contype = 'f' AND o.conparentid = 0 AND a.attrelid = o.conrelid AND a.attnum = k.own
  AND b.attrelid = o.confrelid AND b.attnum = k.other
GROUP BY o.oid
"""


def plant(url: str, count: int) -> None:
    """Write `count` rows into each table.

    One that refuses them, for a check say, stays as it is; so do those that refer to it, as no rows could be theirs.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # neither triggers nor references
        tables: dict[tuple[str, str], list[tuple[str, list[str | None]]]] = {}
        for schema, table, column, type_, category, labels, length in connection.execute(COLUMNS).fetchall():
            values = [_value(n, type_, category, labels, length) for n in range(1, count + 1)]
            tables.setdefault((schema, table), []).append((column, values))
        for name, columns in tables.items():
            _plant(connection, name, columns, count)
        deletes = [query.encode() for (query,) in connection.execute(DANGLING).fetchall()]
        while sum(connection.execute(delete).rowcount for delete in deletes):
            pass


def _value(n: int, type_: str, category: str, labels: list[str] | None, length: int | None) -> str | None:
    if labels:
        return labels[n % len(labels)]
    literal = LITERALS.get(type_, BY_CATEGORY.get(category))
    value = literal(n) if literal else None
    return value[-length:] if value and length and category == "S" else value


def _plant(
    connection: psycopg.Connection, name: tuple[str, str], columns: list[tuple[str, list[str | None]]], count: int
) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        sql.Identifier(*name),
        sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns),
        sql.SQL(", ").join(sql.Placeholder() for _ in columns),
    )
    for n in range(count):
        try:
            with connection.transaction():
                connection.execute(statement, [values[n] for _, values in columns])
        except psycopg.Error:
            return
