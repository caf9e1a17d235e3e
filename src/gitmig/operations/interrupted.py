"""Finishing a script that an earlier process left half done outside a transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.plan import Direction
from gitmig.core.version import Version
from gitmig.database import ledger
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from gitmig.core.migration import Script
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
    content = target.contents([now])[now.path]
    if not same_beginning(row.content.up, content.up, unfinished.done + unfinished.started):
        raise GitmigError(
            f"{row.label} was interrupted after {unfinished.done} of its statements, and what has run was edited since",
            hint=f"restore it in {now.path}; what comes behind may be changed",
        )
    changed = replace(
        row, name=now.name, path=now.path, blobs=now.blobs, checksum=content.checksum, **ledger.scripts(content)
    )
    return replace(unfinished, row=changed)


def same_beginning(old: Script, new: Script, count: int) -> bool:
    """Whether the first `count` units are the same change, so that the new script can go on where the old one was."""
    checksums = [[s.language.checksum(unit.text) for unit in s.language.units(s.text)[:count]] for s in (old, new)]
    return checksums[0] == checksums[1] and len(checksums[0]) == count
