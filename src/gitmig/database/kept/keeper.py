"""Running a step so that no row is lost: what it takes away is kept, and what its opposite took comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.kept.report import Report
from gitmig.core.kept.suspicion import suspect
from gitmig.core.plan import Direction
from gitmig.database.attached_code import leave_to_sync
from gitmig.database.kept.chunks import is_about_data
from gitmig.database.kept.crossing import Crossing
from gitmig.database.kept.guard import quiet
from gitmig.database.kept.passage import Step
from gitmig.database.kept.postponing import Postponement
from gitmig.database.kept.returning import place_in, put_back
from gitmig.database.kept.room import NOTHING
from gitmig.database.kept.shape import reaches_rows, read_shape
from gitmig.database.kept.store import Store
from gitmig.database.kept.updating import mark_all
from gitmig.database.sending import ScriptError
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.core.kept.item import Item, Subject
    from gitmig.core.kept.losses import Losses
    from gitmig.core.kept.report import Limits
    from gitmig.core.kept.shape import TableName
    from gitmig.database.connection import Connection
    from gitmig.database.kept.crossing import Progress

    Script = Callable[[], None]


BACK = {Direction.APPLY: "reverted", Direction.REVERT: "applied again"}


class Keeper:
    """Runs steps on a connection inside the caller's transaction.

    `by` and `commit` are noted with what is kept. `progress` is told the table and its size in bytes before it is
    copied. `postponed` are the rows that have to wait for a later step. `wary`: LeftToSync is raised where a superuser
    would run other people's code by moving rows.
    """

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        by: str,
        commit: str | None,
        progress: Progress | None = None,
        *,
        wary: bool = False,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._store = Store(connection, by, commit)
        self._may_hold: bool | None = None
        self._refused: set[int] = set()
        self.postponed = Postponement()
        self._crossing = Crossing(connection, self._store, limits, self.postponed, progress or _unheard, wary=wary)
        self._wary = wary

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
            run_without = self._crossing.without_rows if direction is Direction.REVERT else self._crossing.completed
            report = run_without(step, error)
        self._may_hold = self._may_hold or bool(report.kept)
        if direction is Direction.APPLY:
            self.postponed.came_back(due)
            self.postponed.follow(item for item in due if item.id in report.waiting)
            self._refused |= report.refused
            if staying := held + [item for item in due if item.id in report.waiting | report.refused]:
                self.postponed.note_homes(staying, read_shape(self._connection))
        return report

    def _run(self, step: Step) -> Report:
        if step.due or self._may_touch(step):
            return self._crossing.carefully(step, read_shape(self._connection))
        with self._connection.transaction():
            step.script()
        return Report()

    def _may_touch(self, step: Step) -> bool:
        """Whether the script, or the way back, could change any row."""
        sides = [suspect(step.subject.text), *([suspect(step.subject.opposite)] if step.back else [])]
        return any(reaches_rows(self._connection, side) for side in sides)

    def preview(self, script: Script) -> Losses:
        """What a script would take away; it runs, and everything it did is rolled back. Raises ScriptError."""
        return self._crossing.preview(script)

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
            if self._wary:
                leave_to_sync(self._connection, {place.table.oid for it in items if (place := place_in(it, shape))})
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
        if old:
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


def _unheard(table: TableName, size: int) -> None:
    """Nobody listens."""
