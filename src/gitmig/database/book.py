"""Keeping the ledger in step with the scripts: rows and events in the transaction of what they are about."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitmig.core.plan import Direction
from gitmig.database import ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Move, Step
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Event, State
    from gitmig.database.tasks import Context, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that ran, and how long its script took."""

    step: Step
    milliseconds: float


class Book:
    """The book of one plan.

    `is_last` says that the transaction to come is the plan's last one: with it the sync has arrived.
    """

    def __init__(self, connection: Connection, context: Context, state: State, moves: Sequence[Move] = ()) -> None:
        self.is_last = False
        self._connection = connection
        self._context = context
        self._state = state
        self._from_set = state.set_id
        self._moves = moves
        self._began = time.monotonic()

    def write(self, batch: Sequence[Task], done: Sequence[Done]) -> None:
        """Rows and events of tasks that ran, in one round trip."""
        events = [self._event(t.step.direction.value, d.milliseconds, t) for t, d in zip(batch, done)]
        with self._connection.pipeline():
            if reverted := [t.row.position for t in batch if t.step.direction is Direction.REVERT]:
                ledger.remove(self._connection, reverted)
            if applied := [
                replace(t.row, milliseconds=d.milliseconds)
                for t, d in zip(batch, done)
                if t.step.direction is Direction.APPLY
            ]:
                ledger.add(self._connection, applied)
            if self.is_last:
                ledger.move(self._connection, self._moves)
                ledger.arrive(self._connection, self._context.commit)
                events.append(self._event("sync", milliseconds(self._began), None))
            ledger.record(self._connection, events)

    def _event(self, action: str, milliseconds: float, task: Task | None) -> Event:
        return ledger.Event(
            action=action,
            version=task.row.version if task else None,
            name=task.row.name if task else None,
            done_by=self._context.by,
            milliseconds=milliseconds,
            from_set=self._from_set,
            to_set=self._context.target.id,
            from_commit=self._state.commit,
            to_commit=self._context.commit,
        )


def milliseconds(began: float) -> float:
    """Since `began`, a reading of time.monotonic()."""
    return round((time.monotonic() - began) * 1000, 3)
