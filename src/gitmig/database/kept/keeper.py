"""Running a step so that no row is lost: what it takes away is kept, and what its opposite took comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.kept.losses import Losses, find_losses
from gitmig.core.kept.report import Report
from gitmig.core.kept.suspicion import suspect
from gitmig.core.plan import Direction
from gitmig.database.kept import aside
from gitmig.database.kept.attempts import attempt
from gitmig.database.kept.chunks import is_about_data
from gitmig.database.kept.guard import quiet
from gitmig.database.kept.limits import check
from gitmig.database.kept.offender import name_row
from gitmig.database.kept.passage import Passage, Step, UnknownRows
from gitmig.database.kept.postponing import Postponement
from gitmig.database.kept.returning import place_in, put_back
from gitmig.database.kept.room import NOTHING
from gitmig.database.kept.shape import reaches_rows, read_shape
from gitmig.database.kept.store import Store
from gitmig.database.kept.updating import mark_all
from gitmig.database.sending import ScriptError
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gitmig.core.kept.item import Item, Subject
    from gitmig.core.kept.report import Limits
    from gitmig.core.kept.shape import Shape, TableName
    from gitmig.database.connection import Connection

    Script = Callable[[], None]
    Progress = Callable[[TableName, int], None]


BACK = {Direction.APPLY: "reverted", Direction.REVERT: "applied again"}


class Keeper:
    """Runs steps on a connection inside the caller's transaction.

    `by` and `commit` are noted with what is kept. `progress` is told the table and its size in bytes before it is
    copied. `postponed` are the rows that have to wait for a later step.
    """

    def __init__(
        self, connection: Connection, limits: Limits, by: str, commit: str | None, progress: Progress | None = None
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._store = Store(connection, by, commit)
        self._progress = progress or (lambda table, size: None)
        self._may_hold: bool | None = None
        self._refused: set[int] = set()
        self.postponed = Postponement()

    @property
    def holds_rows(self) -> bool:
        """Whether anything is kept in the database; it need not have a ledger."""
        return bool(self._store.items())

    def run(self, subject: Subject, direction: Direction, script: Script, back: Script | None = None) -> Report:
        """Run a step. Raises ScriptError if the script fails, GitmigError if something cannot be kept.

        A revert that fails because of rows is run again without them; they are put back as far as they fit. So is an
        apply, if all of them fit with the values that are kept for them. `back` runs the migration's other section: it
        is tried, to see which rows would not come back by it as they were.
        """
        due, held = self._due(subject, direction)
        step = Step(
            subject=subject,
            direction=direction,
            script=script,
            back=back if suspect(subject.opposite).writes else None,
            due=tuple(due),
            partial=self.postponed.is_waiting(),
        )
        try:
            report = self._run(step)
        except ScriptError as error:
            if not is_about_data(error.sqlstate):
                raise
            report = self._without_rows(step, error) if direction is Direction.REVERT else self._completed(step, error)
        if direction is Direction.APPLY:
            self.postponed.came_back(due)
            self.postponed.follow(item for item in due if item.id in report.waiting)
            self._refused |= report.refused
            if staying := held + [item for item in due if item.id in report.waiting | report.refused]:
                self.postponed.note_homes(staying, read_shape(self._connection))
        return report

    def _run(self, step: Step) -> Report:
        if step.due or self._may_touch(step):
            return self._carefully(step, read_shape(self._connection))
        with self._connection.transaction():
            step.script()
        return Report()

    def _may_touch(self, step: Step) -> bool:
        """Whether the script, or the way back, could change any row."""
        sides = [suspect(step.subject.text), *([suspect(step.subject.opposite)] if step.back else [])]
        return any(reaches_rows(self._connection, side) for side in sides)

    def preview(self, script: Script) -> Losses:
        """What a script would take away; it runs, and everything it did is rolled back. Raises ScriptError."""
        losses = Losses()
        before = read_shape(self._connection)

        def work() -> bool:
            nonlocal losses
            script()
            losses = find_losses(before, read_shape(self._connection))
            return False

        attempt(self._connection, work)
        return losses

    def finish(self, *, plan_ends: bool = True) -> Report:
        """Put back what was waiting for its place, or for the end of a transaction, in a transaction of its own.

        To be called when a plan has been committed, and after every step whose report says `waiting`, once that is:
        as the plan does not end there, what waits for a certain step goes on waiting. What a step of the plan had to
        refuse may fit where it ends.
        """
        if self._may_hold is None:
            self._may_hold = self._store.exists()
        refused = self._refused if plan_ends else set()
        items = [self.postponed.at_home(item) for item in self._store.waiting(refused)] if self._may_hold else []
        if not plan_ends:
            items = [item for item in items if not self.postponed.holds(item, committed=True)]
        if not items:
            return Report()
        with self._connection.transaction(), quiet(self._connection):
            shape = read_shape(self._connection)
            marks = mark_all(self._connection, items, shape)
            restored, staying = put_back(
                self._connection,
                self._store,
                items,
                marks=marks,
                shape=shape,
                written=NOTHING,
                partial=not plan_ends and self.postponed.is_waiting(committed=True),
            )
        return Report(restored=tuple(restored), staying=tuple(staying))

    def expire(self) -> list[Item]:
        """Drop what has been kept for longer than the limit; returns it."""
        old = self._store.older_than(self._limits.days)
        self._store.drop(old)
        return old

    def restore(self, item: Item) -> Report:
        """Put an item back now, over what stands in its place. Raises GitmigError if it has none."""
        shape = read_shape(self._connection)
        place = place_in(item, shape)
        if place is None:
            raise GitmigError(
                f"{item.what} has no place in the database as it is now",
                hint=f"it comes back by itself when {item.label} is {BACK[item.direction]}",
            )
        with quiet(self._connection):
            restored, staying = put_back(
                self._connection, self._store, [item], marks={}, shape=shape, written=NOTHING, force=True
            )
        return Report(restored=tuple(restored), staying=tuple(staying))

    def _due(self, subject: Subject, direction: Direction) -> tuple[list[Item], list[Item]]:
        """What to put back after a step, and what has to wait longer.

        Only where something is kept: a new database with hundreds of steps is not asked at each of them.
        """
        if not self._may_hold:
            self._may_hold = self._store.exists()
        items = self._store.due(subject.checksum, direction) if self._may_hold else []
        if direction is Direction.REVERT:
            return items, []
        self.postponed.begin(subject.checksum)
        held = [item for item in items if self.postponed.holds(item)]
        return [self.postponed.at_home(item) for item in items if item not in held], held

    def _carefully(self, step: Step, before: Shape, whole: Collection[int] = ()) -> Report:
        """Find out what is lost, and if anything is, run the step again with that saved."""
        passage = Passage(self._connection, self._store, step, before, whole)
        losses, report = self._try(passage)
        if report is not None:
            return report
        check(self._connection, step.subject, losses, self._limits)
        for loss in losses.tables:
            self._progress(loss.table.name, loss.table.bytes)
        with self._connection.transaction():
            passage.begin()
            passage.save(losses)
            passage.cross()
            report = passage.settle()
        self._may_hold = True
        return report

    def _try(self, passage: Passage) -> tuple[Losses, Report | None]:
        """Run it. Where nothing is lost, that was it, and the report is there."""
        losses, report = Losses(), None

        def work() -> bool:
            nonlocal losses, report
            passage.begin()
            passage.cross()
            passage.look_back()
            losses = passage.losses()
            report = None if losses else passage.arrive()
            return not losses

        attempt(self._connection, work)
        return losses, report

    def _without_rows(self, step: Step, error: ScriptError) -> Report:
        """Run a step with rows put aside; the first error counts if that does not help either."""
        before = read_shape(self._connection)
        for tables in aside.candidates(self._connection, before, error):
            try:
                report = self._carefully(step, before, tables)
            except ScriptError:
                continue
            names = tuple(sorted(before.tables[oid].name for oid in tables if before.tables[oid].filled))
            return replace(report, aside=names)
        raise error

    def _completed(self, step: Step, error: ScriptError) -> Report:
        """Apply with rows put aside that come back with what the revert took from them.

        If one has nothing to come back with, the first error counts; it names a row and who may be to blame.
        """
        before = read_shape(self._connection)
        suspects = list(aside.candidates(self._connection, before, error))
        homes = {item.heir for item in step.due if item.lost}
        for tables in suspects:
            if homes.isdisjoint(before.tables[oid].name for oid in tables):
                continue
            if (report := self._attempt_without(step, before, tables, error)) is not None:
                return report
        self.postponed.blame([frozenset(before.tables[oid].name for oid in tables) for tables in suspects])
        name_row(self._connection, before, error)
        raise error

    def _attempt_without(self, step: Step, before: Shape, tables: Collection[int], error: ScriptError) -> Report | None:
        """Run an apply with the rows of these tables put aside; None, as if nothing had been, if not all came back."""
        report: Report | None = None

        def work() -> bool:
            nonlocal report
            report = self._carefully(step, before, tables)
            refused = {(kept.table.schema, kept.table.name): kept.why for kept in report.kept if kept.why}
            error.detail = error.detail or (refused.get(error.table) if error.table else None)
            return not refused

        try:
            return report if attempt(self._connection, work) else None
        except (ScriptError, UnknownRows):
            return None
