"""Keeping the ledger in step with the scripts: rows and events in the transaction of what they are about."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitmig.core.kept.report import Report
from gitmig.core.plan import Direction
from gitmig.database import ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Move, Step
    from gitmig.core.repair import Repair
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Event, State
    from gitmig.database.tasks import Context, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that ran, how long its script took, and what is to be said about it.

    `repair` tells of a revert that needed help, `rows` what was kept and put back. `fingerprint` is what the schema was
    then, None if it was not measured.
    """

    step: Step
    milliseconds: float
    repair: Repair | None = None
    rows: Report = field(default_factory=Report)
    fingerprint: str | None = None

    def rows_with(self, more: Report) -> Report:
        """What it did with rows, and what was done with `more` of them for it afterwards."""
        return Report(
            kept=self.rows.kept + more.kept,
            restored=self.rows.restored + more.restored,
            staying=self.rows.staying + more.staying,
            aside=tuple(sorted({*self.rows.aside, *more.aside})),
        )


class Book:
    """The book of one plan.

    `is_last` says that the transaction to come is the plan's last one: with it the sync has arrived. `fingerprint`
    is what the schema is then, None if it was not measured.
    """

    def __init__(self, connection: Connection, context: Context, state: State, moves: Sequence[Move] = ()) -> None:
        self.is_last = False
        self.fingerprint: str | None = None
        self._connection = connection
        self._context = context
        self._state = state
        self._from_set = state.set_id
        self._moves = moves
        self._began = time.monotonic()

    def write(self, batch: Sequence[Task], done: Sequence[Done]) -> None:
        """Rows and events of tasks that ran, in one round trip."""
        events = [self._event(t.step.direction.value, d.milliseconds, t, d.repair) for t, d in zip(batch, done)]
        with self._connection.pipeline():
            if reverted := [t.row.position for t in batch if t.step.direction is Direction.REVERT]:
                ledger.remove(self._connection, reverted)
            if applied := [
                replace(t.row, milliseconds=d.milliseconds, fingerprint=d.fingerprint)
                for t, d in zip(batch, done)
                if t.step.direction is Direction.APPLY
            ]:
                ledger.add(self._connection, applied)
            if self.is_last:
                ledger.move(self._connection, self._moves)
                ledger.arrive(self._connection, self._context.commit, self.fingerprint)
                ledger.measured(self._connection, len(self._context.target), self.fingerprint)
                events.append(self._event("sync", milliseconds(self._began)))
            else:
                ledger.unsettle(self._connection)
            ledger.record(self._connection, events)

    def discard_drift(self) -> None:
        """Note that the schema was put back to that of the stack."""
        ledger.arrive(self._connection, self._state.commit, self.fingerprint)
        event = self._event("sync", milliseconds(self._began))
        ledger.record(
            self._connection, [replace(event, to_set=self._from_set, note="what was changed by hand was taken back")]
        )

    def _event(self, action: str, milliseconds: float, task: Task | None = None, repair: Repair | None = None) -> Event:
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
            way=repair.way.value if repair else None,
            note=repair.reason if repair else None,
        )


def milliseconds(began: float) -> float:
    """Since `began`, a reading of time.monotonic()."""
    return round((time.monotonic() - began) * 1000, 3)
