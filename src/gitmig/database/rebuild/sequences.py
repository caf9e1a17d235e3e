"""Bringing sequences to the positions they had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.database.catalogs.scope import OURS, OWN_RELATION
from gitmig.database.rebuild.session import KEPT

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

# By name, and by the column a sequence belongs to: a table that was renamed keeps a serial's old name. The numbers of
# kept rows go on by themselves (see `aside`).
SEQUENCES = f"""
SELECT n.nspname, c.relname, o.oid::regclass || '.' || quote_ident(a.attname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND ({OURS} OR n.nspname = '{KEPT}')
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
  LEFT JOIN pg_class o ON o.oid = d.refobjid
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE c.relkind = 'S' AND {OWN_RELATION}
  AND (n.nspname, c.relname) <> ('{KEPT}', 'item_id_seq')
"""


def carry_positions(old: Connection, new: Connection) -> list[str]:
    """Set the sequences; returns the names of those whose old position is out of the new one's bounds."""
    found = old.execute(SEQUENCES.encode()).fetchall()
    by_name = {(schema, name): (schema, name) for schema, name, _ in found}
    by_column = {column: (schema, name) for schema, name, column in found if column}
    refused = []
    for schema, name, column in new.execute(SEQUENCES.encode()).fetchall():
        source = by_column.get(column) or by_name.get((schema, name))
        if source and not _set(old, new, source, (schema, name)):
            refused.append(f"{schema}.{name}")
        elif source is None and column:
            _move_past(new, (schema, name), column)
    return refused


def _set(old: Connection, new: Connection, source: tuple[str, str], name: tuple[str, str]) -> bool:
    position = old.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(*source))).fetchone()
    try:
        with new.transaction():
            new.execute("SELECT setval(%s::regclass, %s, %s)", (_text(new, name), *(position or (1, False))))
    except psycopg.errors.NumericValueOutOfRange:
        return False
    return True


def _move_past(new: Connection, name: tuple[str, str], column: str) -> None:
    """A column that has become a serial goes on behind its largest value."""
    table, _, attribute = column.rpartition(".")
    query = f"SELECT setval(%s::regclass, max({attribute})) FROM {table} HAVING max({attribute}) > 0"
    new.execute(query.encode(), (_text(new, name),))


def _text(new: Connection, name: tuple[str, str]) -> str:
    return sql.Identifier(*name).as_string(new)
