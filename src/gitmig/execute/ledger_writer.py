"""Keeping the ledger in step with the scripts: rows and events in the transaction of what they are about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitmig.execute.step_runner import milliseconds
from gitmig.execute.tasks import ApplyTask, RevertTask
from gitmig.ledger import schema, store
from gitmig.ledger.rows import HistoryEntry, applied_of
from gitmig.migrations.model import stack_id
from gitmig.migrations.plan import Plan
from gitmig.rows.store import hand_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.execute.tasks import Done, SyncContext
    from gitmig.ledger.rows import Row, State
    from gitmig.postgres.connection import Connection
    from gitmig.schema.fingerprint import Fingerprinter


class LedgerWriter:
    """Writes the ledger's share of one plan; without a plan, of what is done before one is made.

    `coming` are the rows of the plan's replacement.
    """

    def __init__(
        self,
        connection: Connection,
        context: SyncContext,
        state: State,
        plan: Plan | None = None,
        coming: Sequence[Row] = (),
    ) -> None:
        self._connection = connection
        self._context = context
        self._state = state
        self._from_set = state.set_id
        self._is_planned = plan is not None
        self._plan = plan or Plan(keep=0)
        self._coming = coming
        self._has_begun = False
        self._began = time.monotonic()
        self._reverts_left = len(self._plan.reverts)
        self._replacement = self._plan.replacement
        self._checksums = [applied.checksum for applied in state.stack]

    @property
    def is_replacement_due(self) -> bool:
        """Whether rows have to give way to others before anything else is applied."""
        return self._replacement is not None and self._reverts_left == 0

    def never_measured(self, tasks: Sequence[ApplyTask], fingerprinter: Fingerprinter) -> set[int]:
        """The positions of migrations to be applied at which the schema was never measured on this scale."""
        if not tasks:
            return set()
        checksums = [*self._checksums[: tasks[0].row.position - 1], *(task.row.checksum for task in tasks)]
        stacks = {stack_id(checksums[: task.row.position]): task.row.position for task in tasks}
        found = store.read_fingerprints(self._connection, list(stacks))
        return {position for stack, position in stacks.items() if not fingerprinter.knows(found.get(stack))}

    def begin(self) -> None:
        """Note what the stack is before the plan, unless that was done; and that nobody else has written since then."""
        if not self._is_planned:
            return
        if self._has_begun:
            store.extend_last_sync(self._connection)
        else:
            changing = [move.applied.position for move in self._plan.moves]
            store.note_last_sync(self._connection, self._plan.keep, changing)
            self._has_begun = True

    def write(self, done: Sequence[Done], *, is_last: bool, fingerprint: str | None = None) -> None:
        """Rows and events of steps that ran, in one round trip.

        With the last ones of the plan the sync has arrived; `fingerprint` is what the schema is then, None if that was
        not measured.
        """
        measured = self._follow(done)
        self.begin()
        with self._connection.pipeline():
            events = [self._event_of(one) for one in done]
            self._take_away(done)
            events += self._replace()
            self._add(done)
            if is_last:
                events.append(self._arrive(fingerprint, measured))
            else:
                store.forget_fingerprint(self._connection)
            if measured:
                store.remember_fingerprints(self._connection, measured)
            store.record(self._connection, events)

    def discard_drift(self, fingerprint: str) -> None:
        """Note that the schema was put back to that of the stack, and a script that was interrupted forgotten."""
        store.note_arrival(self._connection, self._state.commit, fingerprint)
        store.forget_last_sync(self._connection)
        event = self._event("sync", milliseconds(self._began), note="what was changed by hand was taken back")
        store.record(self._connection, [replace(event, to_set=self._from_set)])
        store.end_unfinished(self._connection)

    def _follow(self, done: Sequence[Done]) -> dict[str, str]:
        """Follow the stack through these steps; what was measured on the way, by the stack's id."""
        measured: dict[str, str] = {}
        for one in done:
            row = one.task.row
            below = self._checksums[: row.position - 1]
            self._checksums = [*below, row.checksum] if isinstance(one.task, ApplyTask) else below
            if one.fingerprint:
                measured[stack_id(self._checksums)] = one.fingerprint
        return measured

    def _take_away(self, done: Sequence[Done]) -> None:
        if reverted := [one.task.row.position for one in done if isinstance(one.task, RevertTask)]:
            store.remove(self._connection, reverted)
            self._reverts_left -= len(reverted)

    def _replace(self) -> list[HistoryEntry]:
        """Let rows give way to others if that is due. Nothing ran: what came is adopted as what was there."""
        if self._replacement is None or not self.is_replacement_due:
            return []
        going = self._replacement.going
        store.remove(self._connection, [one.position for one in going])
        store.add(self._connection, self._coming)
        hand_over(self._connection, going, list(map(applied_of, self._coming)))
        self._replacement = None
        note = f"the schema is that of {', '.join(one.label for one in going)}: no script ran"
        return [self._event("adopt", 0.0, row, note=note) for row in self._coming]

    def _add(self, done: Sequence[Done]) -> None:
        if applied := [self._row(one) for one in done if isinstance(one.task, ApplyTask)]:
            store.add(self._connection, applied)
            store.recall_fingerprints(self._connection, {row.position: self._stack(row.position) for row in applied})

    def _row(self, done: Done) -> Row:
        """The ledger's row of a migration that was applied."""
        renamings = None if done.renamings is None else [(kind.value, old, new) for kind, old, new in done.renamings]
        row, script, programs = done.task.row, done.task.script, self._connection.programs
        if script is not None and script.language.is_program and programs is not None:
            row = replace(row, printed=programs.printed(script))
        return replace(row, milliseconds=done.milliseconds, fingerprint=done.fingerprint, renamings=renamings)

    def _arrive(self, fingerprint: str | None, measured: dict[str, str]) -> HistoryEntry:
        """Note that the plan is done; what was `measured` is added to."""
        place = len(self._context.target)
        store.move(self._connection, self._plan.moves)
        store.note_arrival(self._connection, self._context.commit, fingerprint)
        store.note_fingerprint(self._connection, place, fingerprint)
        if fingerprint:
            measured[self._stack(place)] = fingerprint
        return self._event("sync", milliseconds(self._began))

    def _stack(self, position: int) -> str:
        return stack_id(self._checksums[:position])

    def _event_of(self, done: Done) -> HistoryEntry:
        action, row, repair = done.step.direction.value, done.task.row, done.repair
        if repair is None:
            return self._event(action, done.milliseconds, row)
        return self._event(action, done.milliseconds, row, way=repair.way.value, note=repair.reason)

    def _event(
        self,
        action: str,
        milliseconds: float,
        row: Row | None = None,
        *,
        way: str | None = None,
        note: str | None = None,
    ) -> HistoryEntry:
        return HistoryEntry(
            action=action,
            version=row.version if row else None,
            name=row.name if row else None,
            done_by=self._context.by,
            milliseconds=milliseconds,
            from_set=self._from_set,
            to_set=self._context.target.id,
            from_commit=self._state.commit,
            to_commit=self._context.commit,
            way=way,
            note=note,
        )


def adopt(
    connection: Connection,
    state: State,
    rows: Sequence[Row],
    context: SyncContext,
    *,
    action: str,
    fingerprint: str | None,
    note: str | None = None,
) -> None:
    """Put the rows on top of the stack that `state` tells of, in one transaction, without running anything.

    `context.target` is the set the database is on its way to, `fingerprint` that of the schema as it is: None if it is
    not known to be that of the migrations. `action` and `note` go into the history. The caller holds the lock.
    """
    after = replace(state, stack=(*state.stack, *map(applied_of, rows)))
    arrived = after.set_id == context.target.id
    events = [
        HistoryEntry(
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
        store.add(connection, [*rows[:-1], replace(rows[-1], fingerprint=fingerprint)])
        store.note_arrival(connection, context.commit if arrived else state.commit, fingerprint)
        store.forget_last_sync(connection)
        store.record(connection, events)
