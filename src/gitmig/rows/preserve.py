"""Running a step so that no row is lost: what it takes away is kept, and what its opposite took comes back.

The phases of a step: run it and see what it changes; if rows are at stake, take that back, take snapshots, and run it
again. Where its words tell all that it takes, the snapshots come first, and it runs once. Then put back what is due;
try the opposite; keep what would not come back by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitmig.errors import GitmigError
from gitmig.migrations.plan import Direction
from gitmig.postgres.run_sql import ScriptError
from gitmig.rows import quarantine
from gitmig.rows.attached_code import leave_to_sync
from gitmig.rows.bisect import is_about_data
from gitmig.rows.changes import Changes, find_changes
from gitmig.rows.constraints import quiet
from gitmig.rows.deferred import Deferral
from gitmig.rows.items import UNDO, Reason, Report, Staying, Subject
from gitmig.rows.lent import call_in, lend
from gitmig.rows.limits import check_limits
from gitmig.rows.namesakes import EditedColumns, OtherTables
from gitmig.rows.places import find_place
from gitmig.rows.reach import reaches_rows, suspect, words_of
from gitmig.rows.restore import put_back
from gitmig.rows.sequences import NUMBERS, attempt, move_past
from gitmig.rows.step import PreservedStep, StepRun, UnknownRows
from gitmig.rows.store import WRITE_NOTHING, Store
from gitmig.rows.tables import TableReader, read_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Item, Limits, Restored
    from gitmig.rows.places import Place
    from gitmig.rows.step import Runnable
    from gitmig.rows.tables import TableName, Tables

    Progress = Callable[[TableName, int], None]
    Spare = Callable[[Sequence[Item]], Collection[Item]]

BACK = {Direction.APPLY: "reverted", Direction.REVERT: "applied again"}
# Under this name rows are kept that gave way to what an undo put back.
UNDOING = Subject(version=UNDO, name="", checksum=UNDO)


class Preserver:
    """Runs steps on a connection inside the caller's transaction.

    `by` and `commit` are noted with what is kept. `progress` is told the table and its size in bytes before it is
    copied. `deferred` are the rows that have to wait for a later step. `wary`: LeftToSync is raised where a superuser
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
        self._reader = TableReader(connection, WRITE_NOTHING)
        self._progress = progress or _unheard
        self._wary = wary
        self._holds_some = False  # once something is kept, nobody asks again
        self._refused: dict[int, Staying] = {}
        self._others = OtherTables(self._store, self._reader)
        self._columns = EditedColumns(self._store)
        self.deferred = Deferral()

    @property
    def holds_rows(self) -> bool:
        """Whether anything is kept in the database; it need not have a ledger."""
        return bool(self._store.items())

    def run(self, subject: Subject, direction: Direction, script: Runnable, back: Runnable | None = None) -> Report:
        """Run a step. Raises ScriptError if the script fails, GitmigError if something cannot be kept.

        A revert that fails because of rows is run again without them; they are put back as far as they fit. So is an
        apply, if all of them fit with the values that are kept for them. `back` runs the migration's other section.
        """
        due, held = self._due(subject, direction)
        if self._holds_some:
            self._others.begin(subject, direction)
        self._columns.begin(subject, direction)
        step = PreservedStep(
            subject=subject,
            direction=direction,
            script=script,
            back=back if suspect(subject.opposite).empties else None,
            due=tuple(due),
            partial=self.deferred.is_waiting(),
        )
        try:
            report = self._run(step)
        except ScriptError as error:
            if not is_about_data(error.sqlstate):
                raise
            run_without = self._without_rows if direction is Direction.REVERT else self._completed
            report = run_without(step, error)
        self._move_sequences(subject)
        self._store.note_due([item for item in (*due, *held) if item.id not in report.settled])
        self._others.end(subject, direction, takes_tables=any(not one.columns for one in report.kept))
        self._columns.end(direction, report.kept)
        if direction is Direction.APPLY:
            self.deferred.came_back(due)
            self.deferred.follow(item for item in due if item.id in report.waiting)
            refused = (one for one in report.staying if one.item in report.refused)
            self._refused |= {one.item: one for one in refused if one.reason is not Reason.CHANGED}
            report = self._try_refused(subject, report)
            if staying := held + [item for item in due if item.id in report.waiting | report.refused]:
                self.deferred.note_homes(staying, self._reader.read())
        return report

    def keep(self, subject: Subject, direction: Direction, script: Runnable) -> Report:
        """Run a part of a step's script, and keep what it takes; what is due comes back behind the last part.

        Raises ScriptError, GitmigError.
        """
        step = PreservedStep(subject=subject, direction=direction, script=script, back=None, due=())
        return self._run(step)

    def _move_sequences(self, subject: Subject) -> None:
        """Let sequences that a step has made for columns of tables with rows go on behind these, as they did before."""
        text = f"{subject.text or ''};{subject.opposite or ''}"
        if NUMBERS.search(text):
            tables = self._reader.read_named(words_of(text) or (), ()) or ()
            with quiet(self._connection):
                move_past(self._connection, (table for table in tables if table.filled))

    def awaiting_commit(self, report: Report) -> set[str]:
        """The names of the tables whose rows a step could not put back before it is committed."""
        if not self.deferred.is_for_commit:
            return set()
        return {one.table.name for one in report.staying if one.later}

    def preview(self, script: Runnable) -> Changes:
        """What a script would take away; it runs, and everything it did is rolled back. Raises ScriptError."""
        before = read_tables(self._connection)
        changes = Changes()

        def work() -> bool:
            nonlocal changes
            script.run()
            changes = find_changes(before, read_tables(self._connection))
            return False

        attempt(self._connection, work)
        return changes

    def put_back_waiting(self) -> Report:
        """Put back what was waiting for the commit of a step, in a transaction of its own.

        To be called after every step whose report says `waiting`, once that is committed. As the plan does not end
        there, what waits for a certain step goes on waiting.
        """
        items = [item for item in self._waiting(()) if not self.deferred.holds(item, committed=True)]
        self.deferred.end_transaction()
        if not items:
            return Report()
        with self._connection.transaction():
            return self._put_back(items, partial=self.deferred.is_waiting(committed=True))

    def finish(self, present: Collection[str]) -> Report:
        """Put back what was waiting for its place, and what a step had to refuse, when a plan has been committed.

        `present` are the checksums of the migrations that are applied now. Rows that the others took come back into
        tables that these have made meanwhile under the same names: so it makes no difference whether somebody went from
        one set to the other directly or by way of a third. A table that was there already, or came back by a revert, is
        another one. So do values, where a migration was edited.
        """
        items = self._others.find(present) + self._columns.find(present)
        waiting = self._waiting(self._refused, again=True)
        misfits = self._store.misfits(present) if self._may_hold() else []
        if not items and not waiting and not misfits:
            return Report()
        with self._connection.transaction():
            carried = self._put_back(items)
            if items:  # some may have gone along as the originals of these
                waiting = self._waiting(self._refused, again=True)
            report = self._put_back(waiting)
            homeless = [
                Staying(item=item.id, table=item.table, rows=item.rows, reason=Reason.NO_PLACE)
                for item in self._store.note_homeless()
            ]
            lent = self._lend(misfits)
        return Report(
            restored=(*carried.restored, *report.restored, *lent),
            staying=(*carried.staying, *report.staying, *homeless),
        )

    def call_in(self, checksums: Sequence[str], labels: Sequence[tuple[str, str]]) -> None:
        """Before the first apply of a plan: take out of the tables what was lent and comes back with one of them."""
        items = self._store.lent(checksums, labels) if self._may_hold() else []
        if items:
            with quiet(self._connection):
                call_in(self._connection, self._store, items, self._places(items, self._reader.read()))

    def _lend(self, items: Sequence[Item]) -> list[Restored]:
        if not items:
            return []
        with quiet(self._connection):
            return lend(self._connection, self._store, self._places(items, self._reader.read()))

    def _try_refused(self, subject: Subject, report: Report) -> Report:
        """Put back what earlier steps had to refuse, where this one has made room for it or put back what it needs."""
        words = words_of(subject.text)
        came = {one.table for one in report.restored}
        went = {one.table for one in report.kept if not one.columns}
        while ready := {one.item for one in self._refused.values() if _is_ready(one, came, went, words)}:
            items = [item for item in self._waiting(ready) if item.id in ready and not self.deferred.holds(item)]
            if not items:
                break
            again = self._put_back(items, partial=self.deferred.is_waiting())
            tried = {item.id for item in items}
            self._refused = {number: one for number, one in self._refused.items() if number not in tried}
            self._refused |= {one.item: one for one in again.staying if not one.later}
            self.deferred.follow(item for item in items if item.id in again.waiting)
            report = replace(report, restored=report.restored + again.restored)
            came, went, words = {one.table for one in again.restored}, set(), frozenset()
        return report

    def _waiting(self, refused: Collection[int], *, again: bool = False) -> list[Item]:
        if not self._may_hold():
            return []
        return [self.deferred.at_home(item) for item in self._store.waiting(refused, again=again)]

    def _may_hold(self) -> bool:
        """Whether anything may be kept; a new database with hundreds of steps is asked no more than that."""
        self._holds_some = self._holds_some or self._store.exists()
        return self._holds_some

    def _put_back(self, items: Sequence[Item], *, partial: bool = False) -> Report:
        if not items:
            return Report()
        with quiet(self._connection):
            places = self._places(items, self._reader.read())
            restored, staying = put_back(self._connection, self._store, places, {}, partial=partial)
            without_row = {one.item for one in staying if one.reason in {Reason.ROW_GONE, Reason.ORPHAN}}
            if restored and without_row:  # what they belong to may have come back with the others
                again = [one for one in self._waiting(without_row) if one.id in without_row]
                staying = [one for one in staying if one.item not in without_row]
                places = self._places(again, self._reader.read())
                more, still = put_back(self._connection, self._store, places, {}, partial=partial)
                restored, staying = restored + more, staying + still
        return Report(restored=tuple(restored), staying=tuple(staying))

    def expire(self, spare: Spare | None = None) -> list[Item]:
        """Drop what has been kept for longer than the limit, except for what `spare` returns of it; returns it."""
        old = self._store.older_than(self._limits.days)
        if spare and (theirs := [item for item in old if item.rows]):
            spared = {item.id for item in spare(theirs)}
            old = [item for item in old if item.id not in spared]
        if old:
            self._store.drop(old)
        return [item for item in old if item.rows]

    def warn(self, items: Sequence[Item]) -> None:
        """Note that people were told of these that no migration is there any more that brings them back."""
        self._store.warn(items)

    def came(self) -> list[Item]:
        """What is still kept although the step came that was to bring it back."""
        return self._store.came()

    def restore(self, item: Item) -> Report:
        """Put an item back now, over what stands in its place. Raises GitmigError if it has none."""
        place = find_place(item, self._reader.read(), force=True)
        if place is None:
            by_itself = f"it comes back by itself when {item.label} is {BACK[item.direction]}"
            raise GitmigError(
                f"{item.what} has no place in the database as it is now",
                hint=by_itself if item.comes_back else "go to a commit that has the table and its key",
            )
        with quiet(self._connection):
            restored, staying = put_back(self._connection, self._store, [place], {})
        return Report(restored=tuple(restored), staying=tuple(staying))

    def restore_all(self, items: Sequence[Item]) -> Report:
        """Put items back as far as they have a place, over nothing that stands there."""
        return self._put_back(items)

    def insist(self, items: Sequence[Item]) -> Report:
        """Put items back over what stands there, as an undo does; what has to give way to them is kept."""
        forced = _Forced(self._connection, self._store, items)
        report = self.run(UNDOING, Direction.REVERT, forced)
        return replace(report, restored=tuple(forced.restored), staying=tuple(forced.staying))

    def _due(self, subject: Subject, direction: Direction) -> tuple[list[Item], list[Item]]:
        """What to put back after a step, and what has to wait longer."""
        items: list[Item] = []
        if self._may_hold():
            items = [item for item in self._store.due(subject, direction) if not _makes_no_place(subject, item)]
            items = [item for item in items if not self._columns.fill(item)]
            self._store.await_again([subject.checksum], direction)
        if direction is Direction.REVERT:
            return items, []
        self.deferred.begin(subject.checksum)
        held = [item for item in items if self.deferred.holds(item)]
        return [self.deferred.at_home(item) for item in items if item not in held], held

    def _places(self, items: Sequence[Item], tables: Tables) -> list[Place]:
        """Where items belong, newest first, as far as that is there."""
        places = [place for item in reversed(items) if (place := find_place(item, tables))]
        if self._wary:
            leave_to_sync(self._connection, {place.table.oid for place in places})
        return places

    def _run(self, step: PreservedStep) -> Report:
        if step.due or step.is_local or self._may_touch(step):
            return self._carefully(step)
        return self._plainly(step)

    def _plainly(self, step: PreservedStep) -> Report:
        with self._connection.transaction():
            step.script.run()
        return Report()

    def _may_touch(self, step: PreservedStep) -> bool:
        """Whether the script, or the way back, could change any row."""
        sides = [suspect(step.subject.text), *([suspect(step.subject.opposite)] if step.back else [])]
        return any(reaches_rows(self._connection, side) for side in sides)

    def _carefully(self, step: PreservedStep, aside: Collection[int] = ()) -> Report:
        """Find out what is changed, and if rows are at stake, run the step again with snapshots of them.

        The rows of the tables `aside` (oids) are put aside for it. Raises ScriptError, GitmigError.
        """
        run = StepRun(self._connection, self._store, self._reader, step, aside, wary=self._wary)
        if run.is_idle:
            return self._plainly(step)
        foreseen = run.foresee()
        report = None
        # what is foreseen is copied before `need` could ask whose code that would run: a hook goes the long way
        if foreseen and not self._wary and sum(table.bytes for table in foreseen) <= self._limits.bytes:
            for table in foreseen:
                self._progress(table.name, table.bytes)
            report = run.run_foreseen()
        if report is None:
            report = run.try_it()
        if report is not None:
            return report
        needed = run.need()
        check_limits(self._connection, step.subject, run.changes, self._limits)
        for table in needed:
            self._progress(table.name, table.bytes)
        return run.run()

    def _without_rows(self, step: PreservedStep, error: ScriptError) -> Report:
        """Run a revert with rows put aside; the first error counts if that does not help either."""
        before = self._reader.read()
        for tables in quarantine.suspects(self._connection, before, error):
            try:
                report = self._carefully(step, tables)
            except ScriptError:
                continue
            names = tuple(sorted(before.by_oid[oid].name for oid in tables if before.by_oid[oid].filled))
            return replace(report, aside=names)
        raise error

    def _completed(self, step: PreservedStep, error: ScriptError) -> Report:
        """Run an apply with rows put aside that come back with what the revert took from them.

        If one has nothing to come back with, the first error counts; it names a row and who may be to blame.
        """
        before = self._reader.read()
        suspects = list(quarantine.suspects(self._connection, before, error))
        known = {item.heir for item in step.due}
        for tables in suspects:
            if known.isdisjoint(before.by_oid[oid].name for oid in tables):
                continue
            if (report := self._attempt_without(step, tables, error)) is not None:
                return report
        self.deferred.blame([frozenset(before.by_oid[oid].name for oid in tables) for tables in suspects])
        quarantine.name_row(self._connection, before, error)
        raise error

    def _attempt_without(self, step: PreservedStep, tables: Collection[int], error: ScriptError) -> Report | None:
        """Run an apply with the rows of these tables put aside; None, as if nothing had been, if not all came back."""
        report: Report | None = None

        def work() -> bool:
            nonlocal report
            report = self._carefully(step, tables)
            refused = {(kept.table.schema, kept.table.name): kept.why for kept in report.kept if kept.why}
            error.detail = error.detail or (refused.get(error.table) if error.table else None)
            return not refused

        try:
            return report if attempt(self._connection, work) else None
        except (ScriptError, UnknownRows):
            return None


class _Forced:
    """Items that are put back over what stands there, as a script that can be taken back and run again."""

    def __init__(self, connection: Connection, store: Store, items: Sequence[Item]) -> None:
        self.restored: Sequence[Restored] = ()
        self.staying: Sequence[Staying] = ()
        self._connection = connection
        self._store = store
        self._items = items

    def run(self) -> None:
        """Put them back in the open transaction, newest first."""
        with quiet(self._connection):
            tables = read_tables(self._connection)
            places = [place for item in reversed(self._items) if (place := find_place(item, tables, force=True))]
            self.restored, self.staying = put_back(self._connection, self._store, places, {})


def _unheard(table: TableName, size: int) -> None:
    """Nobody listens."""


def _makes_no_place(subject: Subject, item: Item) -> bool:
    """Whether a step leaves rows without a place that had none when the last plan ended: it names their table nowhere.

    If they get one all the same, through a parent table, they come back at the end of the plan.
    """
    if item.reason is not Reason.NO_PLACE or item.checksum in {subject.checksum, *subject.replaces}:
        return False
    words = words_of(subject.text)
    return words is not None and suspect(subject.text).is_local and item.table.name not in words


def _is_ready(
    one: Staying, came: Collection[TableName], went: Collection[TableName], words: Collection[str] | None
) -> bool:
    """Whether rows that were refused may go now that others `came` to some tables, and `went` from some.

    Or now that a script of these words has run, None if they are not known: it may have altered the table.
    """
    if one.reason is Reason.REFUSED:
        return words is None or one.table.name in words
    if one.reason is Reason.ORPHAN:
        return bool(came)
    return one.table in (went if one.reason is Reason.TAKEN else came if one.reason is Reason.ROW_GONE else ())
