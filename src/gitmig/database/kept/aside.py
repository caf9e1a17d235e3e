"""Taking rows out of the way of a step that fails because of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.constraints import settle_constraints
from gitmig.database.kept.guard import triggers_off
from gitmig.database.kept.matching import table_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gitmig.core.kept.shape import Shape
    from gitmig.database.connection import Connection
    from gitmig.database.sending import ScriptError

# Rows cannot be taken out of a table while others may refer to them.
REFERRING = """
    WITH RECURSIVE affected AS (
        SELECT pg_catalog.unnest(%s::oid[]) AS oid
        UNION
        SELECT coalesce(pg_catalog.pg_partition_root(o.conrelid), o.conrelid) FROM pg_catalog.pg_constraint o
        JOIN affected a ON o.confrelid = a.oid WHERE o.contype = 'f'
    )
    SELECT oid::int8 FROM affected
"""


def candidates(connection: Connection, shape: Shape, error: ScriptError) -> Iterator[frozenset[int]]:
    """Sets of tables (oids) whose rows may be what is in the way: those PostgreSQL or the statement name, then all."""
    filled = {oid: table.name for oid, table in shape.tables.items() if table.filled}
    words = set(re.findall(r"[\w$]+", error.statement.lower()))
    named = {oid for oid, name in filled.items() if error.table == (name.schema, name.name)}
    mentioned = {oid for oid, name in filled.items() if name.name.lower() in words}
    tried: set[frozenset[int]] = set()
    for start in (named, mentioned, set(filled)):
        rows = connection.execute(REFERRING, (list(start),)).fetchall()
        closed = frozenset(oid for (oid,) in rows if oid in shape.tables)
        if closed and closed not in tried:
            tried.add(closed)
            yield closed


def empty(connection: Connection, shape: Shape, tables: Collection[int]) -> None:
    """Take all rows out of these tables; they must be closed under references."""
    if not tables:
        return
    settle_constraints(connection)
    with triggers_off(connection, tables):
        names = sql.SQL(", ").join(table_name(shape.tables[oid]) for oid in sorted(tables))
        connection.execute(sql.SQL("TRUNCATE {}").format(names))
