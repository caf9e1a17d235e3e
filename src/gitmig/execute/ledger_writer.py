"""Keeping the ledger in step with the scripts: rows and events in the transaction of what they are about.

Taking migrations into the ledger whose changes are in the database already: nothing is run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitmig import ledger
from gitmig.ledger import schema
from gitmig.migrations.model import stack_id
from gitmig.migrations.plan import Direction
from gitmig.rows.items import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.execute.repair import Repair
    from gitmig.execute.tasks import Context, Task
    from gitmig.ledger import Event, Row, State
    from gitmig.migrations.plan import Move, Plan, Replacement, Step
    from gitmig.postgres.connection import Connection
    from gitmig.schema.fingerprint import Gauge
    from gitmig.schema.renamings import Renaming


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that ran, how long its script took, and what is to be said about it.

    `repair` tells of a revert that needed help, `rows` what was kept and put back. `fingerprint` is what the schema was
    then, None if it was not measured; `renamings` what the script called otherwise, None if nobody looked.
    """

    step: Step
    milliseconds: float
    repair: Repair | None = None
    rows: Report = field(default_factory=Report)
    fingerprint: str | None = None
    renamings: tuple[Renaming, ...] | None = None

    def rows_with(self, more: Report) -> Report:
        """What it did with rows, and what was done with `more` of them for it afterwards."""
        return Report(
            kept=self.rows.kept + more.kept,
            restored=self.rows.restored + more.restored,
            staying=self.rows.staying + more.staying,
            aside=tuple(sorted({*self.rows.aside, *more.aside})),
        )


class Book:
    """The book of one plan, which lets `keep` rows of the stack stay; None: the plan is still to be made.

    `is_last` says that the transaction to come is the plan's last one: with it the sync has arrived. `fingerprint`
    is what the schema is then, None if it was not measured.
    """

    def __init__(
        self,
        connection: Connection,
        context: Context,
        state: State,
        moves: Sequence[Move] = (),
        *,
        keep: int | None = None,
    ) -> None:
        self.is_last = False
        self.fingerprint: str | None = None
        self._connection = connection
        self._context = context
        self._state = state
        self._from_set = state.set_id
        self._moves = moves
        self._keep = keep
        self._has_begun = False
        self._began = time.monotonic()
        self._replacement: Replacement | None = None
        self._reverts = 0
        self._checksums = [applied.checksum for applied in state.stack]

    @property
    def is_replacement_due(self) -> bool:
        """Whether rows have to give way to others before anything else is applied."""
        return self._replacement is not None and self._reverts == 0

    def plan_replacement(self, plan: Plan, rows: Sequence[Row]) -> None:
        """Let the plan's replacement, with these rows, take place as soon as its reverts are written."""
        self._replacement, self._coming, self._reverts = plan.replacement, rows, len(plan.reverts)

    def never_measured(self, tasks: Sequence[Task], gauge: Gauge) -> set[int]:
        """The positions of migrations to be applied at which the schema was never measured on this scale."""
        if not tasks:
            return set()
        checksums = [*self._checksums[: tasks[0].row.position - 1], *(task.row.checksum for task in tasks)]
        stacks = {stack_id(checksums[: task.row.position]): task.row.position for task in tasks}
        found = ledger.read_measured(self._connection, list(stacks))
        return {position for stack, position in stacks.items() if not gauge.knows(found.get(stack))}

    def begin(self) -> None:
        """Note what the stack is before the plan, unless that was done; and that nobody else has written since then."""
        if self._keep is None:
            return
        if self._has_begun:
            ledger.extend_last_sync(self._connection)
        else:
            ledger.note_last_sync(self._connection, self._keep, [move.applied.position for move in self._moves])
            self._has_begun = True

    def write(self, batch: Sequence[Task], done: Sequence[Done]) -> None:
        """Rows and events of tasks that ran, in one round trip."""
        measured = self._follow(batch, done)
        events = [self._event(t.step.direction.value, d.milliseconds, t, d.repair) for t, d in zip(batch, done)]
        self.begin()
        with self._connection.pipeline():
            if reverted := [t.row.position for t in batch if t.step.direction is Direction.REVERT]:
                ledger.remove(self._connection, reverted)
                self._reverts -= len(reverted)
            if self._replacement and self.is_replacement_due:
                ledger.remove(self._connection, [one.position for one in self._replacement.going])
                ledger.add(self._connection, self._coming)
                events += self._replacing(self._replacement)
                self._replacement = None
            if applied := [_applied(t.row, d) for t, d in zip(batch, done) if t.step.direction is Direction.APPLY]:
                ledger.add(self._connection, applied)
                ledger.recall(self._connection, {row.position: self._stack(row.position) for row in applied})
            if self.is_last:
                ledger.move(self._connection, self._moves)
                ledger.arrive(self._connection, self._context.commit, self.fingerprint)
                place = len(self._context.target)
                ledger.measured(self._connection, place, self.fingerprint)
                if self.fingerprint:
                    measured[self._stack(place)] = self.fingerprint
                events.append(self._event("sync", milliseconds(self._began)))
            else:
                ledger.unsettle(self._connection)
            if measured:
                ledger.remember(self._connection, measured)
            ledger.record(self._connection, events)

    def _follow(self, batch: Sequence[Task], done: Sequence[Done]) -> dict[str, str]:
        """Follow the stack through these steps; what was measured on the way, by the stack's id."""
        measured: dict[str, str] = {}
        for task, one in zip(batch, done):
            below = self._checksums[: task.row.position - 1]
            self._checksums = [*below, task.row.checksum] if task.step.direction is Direction.APPLY else below
            if one.fingerprint:
                measured[stack_id(self._checksums)] = one.fingerprint
        return measured

    def _stack(self, position: int) -> str:
        return stack_id(self._checksums[:position])

    def discard_drift(self) -> None:
        """Note that the schema was put back to that of the stack."""
        ledger.arrive(self._connection, self._state.commit, self.fingerprint)
        ledger.forget_last_sync(self._connection)
        event = self._event("sync", milliseconds(self._began))
        ledger.record(
            self._connection, [replace(event, to_set=self._from_set, note="what was changed by hand was taken back")]
        )

    def _replacing(self, replacement: Replacement) -> list[Event]:
        """Nothing ran: what came is taken over as what was there."""
        note = f"the schema is that of {', '.join(one.label for one in replacement.going)}: no script ran"
        event = self._event("adopt", 0.0)
        return [replace(event, version=row.version, name=row.name, note=note) for row in self._coming]

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


def _applied(row: Row, done: Done) -> Row:
    """The ledger's row of a migration that was applied."""
    renamings = None if done.renamings is None else [(kind, old, new) for kind, old, new in done.renamings]
    return replace(row, milliseconds=done.milliseconds, fingerprint=done.fingerprint, renamings=renamings)


def milliseconds(began: float) -> float:
    """Since `began`, a reading of time.monotonic()."""
    return round((time.monotonic() - began) * 1000, 3)


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
        schema.upgrade(connection)
        ledger.add(connection, [*rows[:-1], replace(rows[-1], fingerprint=fingerprint)])
        ledger.arrive(connection, context.commit if arrived else state.commit, fingerprint)
        ledger.forget_last_sync(connection)
        ledger.record(connection, events)
