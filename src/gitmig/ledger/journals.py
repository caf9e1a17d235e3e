"""The tables in which other migration tools note what they have applied: found in the catalogs, and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.schema.other_tools import TOOLS, tool_of
from gitmig.schema.scope import OURS

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.schema.other_tools import Claim, Tool

# Those on the user's search path first, in its order.
PATH = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]"
TABLES = f"""
    SELECT n.nspname, c.relname, array_agg(a.attname::text),
      n.nspname = ANY (%(path)s)
    FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relname = ANY (%(names)s)
    GROUP BY n.nspname, c.relname
    ORDER BY pg_catalog.array_position(%(path)s::text[], n.nspname::text) NULLS LAST, n.nspname, c.relname
"""


class Journal(Struct, frozen=True, kw_only=True):
    """The table of another tool, and what it says is applied. `on_path` is whether the session finds it by its name."""

    tool: Tool
    schema: str
    on_path: bool
    claim: Claim

    @property
    def table(self) -> str:
        """How people call the table."""
        return f"{self.schema}.{self.tool.table}"


def read_journals(connection: Connection) -> list[Journal]:
    """Every other tool's table that says something is applied; those on the search path first."""
    names = sorted({tool.table for tool in TOOLS})
    with connection.users_path():
        path = connection.value(PATH)
    found = []
    values = {"names": names, "path": path}
    for schema, table, columns, on_path in connection.execute(TABLES.encode(), values).fetchall():
        tool = tool_of(table, columns)
        if tool and (claim := _claim(connection, tool, schema)):
            found.append(Journal(tool=tool, schema=schema, on_path=on_path, claim=claim))
    return found


def _claim(connection: Connection, tool: Tool, schema: str) -> Claim:
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
        sql.SQL(", ").join(sql.SQL("coalesce({}::text, '')").format(sql.Identifier(name)) for name in tool.asked),
        sql.Identifier(schema, tool.table),
        sql.Identifier(tool.order),
    )
    with connection.among_rows():
        return tool.read(connection.execute(query).fetchall())
