"""Digests of rows, equal where the rows are, whatever their order and that of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.rows.constraints import quiet
from gitmig.rows.sequences import positions
from gitmig.rows.tables import read_tables
from gitmig.rows.values import as_text, listed
from gitmig.schema.names import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.postgres.connection import Connection
    from gitmig.rows.tables import Table, TableName

# Tables. So many are read by one statement: it is one message, and the server reads the statement in one go.
TOGETHER = 50


class Contents(Struct, frozen=True, kw_only=True):
    """By quoted name: a digest of each table's rows, and each sequence's value and whether that was given away."""

    tables: Mapping[str, str]
    sequences: Mapping[str, tuple[int, bool]]


def read_contents(connection: Connection) -> Contents:
    """What stands in every table and in every sequence."""
    with connection.transaction(), quiet(connection):
        found = digests(connection, read_tables(connection))
        places = positions(connection).values
    return Contents(
        tables={f"{quoted(name.schema)}.{quoted(name.name)}": digest for name, digest in found.items()},
        sequences={f"{quoted(schema)}.{quoted(name)}": place for (schema, name), place in places.items()},
    )


def digests(connection: Connection, tables: Iterable[Table]) -> dict[TableName, str]:
    """A digest of all rows of each table. To be called with settings under which values are written alike (`quiet`)."""
    every = list(tables)
    found: dict[TableName, str] = {}
    for first in range(0, len(every), TOGETHER):
        part = every[first : first + TOGETHER]
        query = sql.SQL(" UNION ALL ").join(_digest(place, table) for place, table in enumerate(part))
        found |= {part[place].name: digest for place, digest in connection.execute(query)}
    return found


def _digest(number: int, table: Table) -> sql.Composed:
    """A query for the number and the digest."""
    columns = sorted(table.stored, key=lambda column: column.name)
    values = listed(as_text(sql.Identifier("t", column.name), composite=bool(column.parts)) for column in columns)
    return sql.SQL(
        "SELECT {}, count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(ROW({})::text, 0)::numeric), 0) "
        "FROM {} t"
    ).format(number, values, table.source)
