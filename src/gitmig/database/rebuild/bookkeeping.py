"""The new database's ledger: as a sync would have left it, with the history of the old one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database import ledger, ledger_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Event, Row

COLUMNS = """
    SELECT attname FROM pg_catalog.pg_attribute
    WHERE attrelid = to_regclass('gitmig.history') AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
GO_ON = """
    SELECT setval(pg_get_serial_sequence('gitmig.history', 'id'), max(id)) FROM gitmig.history HAVING max(id) > 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the ledger has to say: the stack, the event, and what the schema is now."""

    rows: Sequence[Row]
    event: Event
    fingerprint: str


def write_ledger(old: Connection, new: Connection, entry: Entry) -> None:
    """Fill the ledger of the new database, which must have been made."""
    with new.transaction():
        _carry_history(old, new)
        if entry.rows:
            ledger.add(new, entry.rows)
        ledger.record(new, [entry.event])
        ledger.arrive(new, entry.event.to_commit, entry.fingerprint)
        ledger.measured(new, len(entry.rows), entry.fingerprint)


def _carry_history(old: Connection, new: Connection) -> None:
    """Every row of it; an older gitmig's has fewer columns."""
    if not ledger_schema.version(old):
        return
    names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in old.execute(COLUMNS).fetchall())
    source = sql.SQL("COPY (SELECT {} FROM gitmig.history ORDER BY id) TO STDOUT").format(names)
    into = sql.SQL("COPY gitmig.history ({}) FROM STDIN").format(names)
    with new.cursor() as a, old.cursor() as b, a.copy(into) as sink, b.copy(source) as rows:
        for data in rows:
            sink.write(data)
    new.execute(GO_ON)
