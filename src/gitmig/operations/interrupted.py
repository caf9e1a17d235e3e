"""Finishing a script that an earlier process left half done outside a transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.languages.sql import statements
from gitmig.core.plan import Direction
from gitmig.core.units import same_beginning, units
from gitmig.core.version import Version
from gitmig.database import ledger
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from gitmig.core.migration import Script
    from gitmig.core.units import Unit
    from gitmig.database.connection import Connection
    from gitmig.database.executor import Executor
    from gitmig.database.ledger import State, Unfinished
    from gitmig.operations.target import Target


def finish_interrupted(connection: Connection, executor: Executor, state: State, target: Target) -> None:
    """Finish what `state.unfinished` says, so that the stack is whole again. Raises StepFailed, GitmigError.

    A script of which nothing is done yet is forgotten. If the migration was edited since, behind the statements that
    are done, the new script is gone on with: that is how a failing statement is corrected.
    """
    unfinished = state.unfinished
    if unfinished is None:
        return
    if unfinished.done == 0 and not unfinished.started:
        ledger.end_unfinished(connection)
    else:
        executor.finish(_amended(unfinished, target), state)


def _amended(unfinished: Unfinished, target: Target) -> Unfinished:
    """The same with the target's script, if that goes on from the same statements."""
    row = unfinished.row
    now = next((m for m in target.set.migrations if m.version == Version(row.version)), None)
    if unfinished.direction is not Direction.APPLY or now is None or now.blobs == row.blobs:
        return unfinished
    content = target.contents([now])[now.blobs]
    if not same_beginning(_units(row.content.up), _units(content.up), unfinished.done):
        raise GitmigError(
            f"{row.label} was interrupted after {unfinished.done} of its statements, which were edited since",
            hint=f"restore these statements in {now.path}; what comes behind them may be changed",
        )
    changed = replace(
        row, name=now.name, path=now.path, blobs=now.blobs, checksum=content.checksum, **ledger.scripts(content)
    )
    return replace(unfinished, row=changed)


def _units(script: Script) -> list[Unit]:
    return units(statements(script.text), script.text)
