"""Which rows were written since the last sync: told by the numbers of the transactions that wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.rows.constraints import quiet
from gitmig.rows.tables import read_tables

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.rows.tables import Table, TableName

# So many rows of a table are shown: enough to know them again.
SHOWN = 3
# A record in parentheses, as PostgreSQL writes it: of an anonymous one nobody has made a cast to text.
SINCE = "FROM {} t, gitmig.last_sync l WHERE pg_catalog.age(t.xmin) OPERATOR(pg_catalog.<) pg_catalog.age(l.xmin)"
COUNT = f"SELECT pg_catalog.count(*) {SINCE}"
ROWS = f"SELECT ROW(t.*)::pg_catalog.text {SINCE} LIMIT {SHOWN}"
# An undo need not be able to read what it does not touch.
READABLE = """
    SELECT c.oid::int8 FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p')
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid)
"""


class Written(Struct, frozen=True, kw_only=True):
    """Rows of a table that were inserted or changed since the last sync: how many, and a few of them as text."""

    table: TableName
    rows: int
    shown: tuple[str, ...]


def written_since(connection: Connection) -> list[Written]:
    """What people wrote since the last sync, by table, as far as it is there and may be read. It reads all rows."""
    with connection.transaction(), quiet(connection):
        readable = {oid for (oid,) in connection.execute(READABLE.encode()).fetchall()}
        found = [_written(connection, t) for t in read_tables(connection) if t.filled and t.oid in readable]
    return sorted((one for one in found if one.rows), key=lambda one: one.table)


def _written(connection: Connection, table: Table) -> Written:
    row = connection.execute(sql.SQL(COUNT).format(table.source)).fetchone()
    assert row is not None  # an aggregate
    shown = connection.execute(sql.SQL(ROWS).format(table.source)).fetchall() if row[0] else []
    return Written(table=table.name, rows=row[0], shown=tuple(text for (text,) in shown))
