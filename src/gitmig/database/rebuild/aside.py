"""Rows that the new schema has no place for: they go to schema gitmig_kept of the new database."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.rebuild.session import KEPT, encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.core.carrying import Column, Table
    from gitmig.database.connection import Connection

NAMES = """
    SELECT coalesce(max(substr(c.relname, 9)::int), 0) + 1 FROM pg_catalog.pg_class c
    WHERE c.relnamespace = to_regnamespace(%s) AND c.relname ~ '^rebuild_[0-9]{1,9}$'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Rows of table `table`, as people read its name, that are now in `kept_in`; `reason` says why."""

    table: str
    rows: int
    kept_in: str
    reason: str


def set_aside(
    new: Connection, table: Table, columns: Sequence[Column], lines: Iterable[bytes], reason: str
) -> Aside | None:
    """Put rows of the table, as COPY writes them in text form, into a table of schema gitmig_kept.

    None if there are no lines. Built-in types stay; of the others only the text is kept, for the new database need not
    have them.
    """
    rest = iter(lines)
    first = next(rest, None)
    if first is None:
        return None
    kept_in = _make(new, columns)
    name = sql.Identifier(KEPT, kept_in)
    statement = sql.SQL("COPY {} FROM STDIN (ENCODING {})").format(name, sql.Literal(encoding(new)))
    with new.cursor() as cursor:
        with cursor.copy(statement) as into:
            for line in itertools.chain((first,), rest):
                into.write(line)
        rows = cursor.rowcount
    new.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(name, sql.Literal(f"{table.label}: {reason}")))
    return Aside(table=table.label, rows=rows, kept_in=f"{KEPT}.{kept_in}", reason=reason)


def _make(new: Connection, columns: Sequence[Column]) -> str:
    new.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(KEPT)))
    (number,) = new.execute(NAMES, (KEPT,)).fetchone() or (1,)
    name = f"rebuild_{number}"
    definitions = [
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.type if c.portable else "text")) for c in columns
    ]
    statement = sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(KEPT, name), sql.SQL(", ").join(definitions))
    new.execute(statement)
    return name
