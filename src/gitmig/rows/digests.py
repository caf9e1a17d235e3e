"""Digests of rows, equal where the rows are, whatever their order and that of the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.rows.constraints import quiet
from gitmig.rows.sequences import positions
from gitmig.rows.tables import read_tables
from gitmig.rows.values import as_text, listed
from gitmig.schema.names import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.postgres.connection import Connection
    from gitmig.rows.tables import Table, TableName, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
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
    found = {}
    for table in tables:
        columns = sorted(table.stored, key=lambda column: column.name)
        values = listed(as_text(sql.Identifier("t", column.name), composite=bool(column.parts)) for column in columns)
        query = sql.SQL(
            "SELECT count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(ROW({})::text, 0)::numeric), 0) "
            "FROM {} t"
        ).format(values, table.source)
        row = connection.execute(query).fetchone()
        found[table.name] = str(row[0]) if row else ""
    return found


def differing(connection: Connection, tables: Tables, known: Mapping[str, str]) -> frozenset[str]:
    """Of tables (full names) with known digests, those that hold something else, or are not there."""
    by_name = {table.name.full: table for table in tables if table.name.full in known}
    found = {name.full: digest for name, digest in digests(connection, by_name.values()).items()}
    return frozenset(name for name, digest in known.items() if found.get(name) != digest)
