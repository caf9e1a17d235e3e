"""Taking a change that somebody made by hand into the ledger, as a migration that is applied already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.database import ledger, ledger_schema
from gitmig.database.tasks import row_of

if TYPE_CHECKING:
    from gitmig.core.migration import Content, Migration
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import State
    from gitmig.database.tasks import Context


def adopt(  # noqa: PLR0917 - all of it is needed
    connection: Connection,
    state: State,
    migration: Migration,
    content: Content,
    context: Context,
    fingerprint: str,
) -> None:
    """Put the migration on top of the stack that `state` tells of, in one transaction, without running anything.

    `context` is that of the work tree with the migration, `fingerprint` that of the schema as it is. The caller holds
    the lock.
    """
    row = replace(row_of(len(state.stack) + 1, migration, content, context), fingerprint=fingerprint)
    stack = (*state.stack, ledger.applied_of(row))
    in_sync = len(stack) == len(context.target)
    event = ledger.Event(
        action="capture",
        version=migration.version.text,
        name=migration.name,
        done_by=context.by,
        milliseconds=0.0,
        from_set=state.set_id,
        to_set=replace(state, stack=stack).set_id,
        from_commit=state.commit,
        to_commit=context.commit,
    )
    with connection.transaction():
        ledger_schema.upgrade(connection)
        ledger.add(connection, [row])
        ledger.arrive(connection, context.commit if in_sync else state.commit, fingerprint)
        ledger.record(connection, [event])
