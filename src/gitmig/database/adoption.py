"""Taking migrations into the ledger whose changes are in the database already: nothing is run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.database import ledger, ledger_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Row, State
    from gitmig.database.tasks import Context


def adopt(
    connection: Connection,
    state: State,
    rows: Sequence[Row],
    context: Context,
    *,
    action: str,
    fingerprint: str | None,
    note: str | None = None,
) -> None:
    """Put the rows on top of the stack that `state` tells of, in one transaction, without running anything.

    `context.target` is the set the database is on its way to, `fingerprint` that of the schema as it is: None if it is
    not known to be that of the migrations. `action` and `note` go into the history. The caller holds the lock.
    """
    after = replace(state, stack=(*state.stack, *map(ledger.applied_of, rows)))
    arrived = after.set_id == context.target.id
    events = [
        ledger.Event(
            action=action,
            version=row.version,
            name=row.name,
            done_by=context.by,
            milliseconds=0.0,
            from_set=state.set_id,
            to_set=after.set_id,
            from_commit=state.commit,
            to_commit=context.commit,
            note=note,
        )
        for row in rows
    ]
    with connection.transaction():
        ledger_schema.upgrade(connection)
        ledger.add(connection, [*rows[:-1], replace(rows[-1], fingerprint=fingerprint)])
        ledger.arrive(connection, context.commit if arrived else state.commit, fingerprint)
        ledger.forget_last_sync(connection)
        ledger.record(connection, events)
