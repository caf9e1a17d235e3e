"""Running steps one by one inside a transaction: each has its time taken, its rows kept, its schema measured."""

from __future__ import annotations

import time
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.events import RowsRestored, StepStarted
from gitmig.execute.losses import TEMPORARY, refuse_losses
from gitmig.execute.script import AnswerAhead, ScriptRun, run_all
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE, ApplyTask, Done, inside
from gitmig.ledger.store import extend_last_sync
from gitmig.migrations.plan import Apply, Direction
from gitmig.postgres.run_sql import ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.rows.items import DRIFT, Report, Subject
from gitmig.rows.reach import Reach, names_tables, suspect
from gitmig.schema.catalog import read_names
from gitmig.schema.noted_renames import renamings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gitmig.events import Notify
    from gitmig.execute.script import Keep, StepScript
    from gitmig.execute.tasks import Task
    from gitmig.postgres.connection import Connection
    from gitmig.rows.preserve import Preserver
    from gitmig.rows.step import Runnable
    from gitmig.schema.catalog import ObjectAddress
    from gitmig.schema.fingerprint import Fingerprinter
    from gitmig.schema.model import ObjectName
    from gitmig.schema.noted_renames import Renaming

# Under this name rows of what was changed by hand are kept.
BY_HAND = Subject(version=DRIFT, name="", checksum=DRIFT)


class Nothing(Struct, frozen=True):
    """A script that has run already."""

    text: str | None

    def run(self) -> None:
        """There is nothing left to do."""


class StepRunner:
    """Runs steps one by one. `current` is the task under way, or the last one; `ran` are the ones that count.

    With a `preserver`, no step loses rows; with a `fingerprinter`, schemas are measured.
    """

    def __init__(
        self, connection: Connection, notify: Notify, preserver: Preserver | None, fingerprinter: Fingerprinter | None
    ) -> None:
        self.current: Task | None = None
        self.ran: dict[tuple[Direction, int], Done] = {}
        self._to_settle: set[tuple[Direction, int]] = set()
        self._connection = connection
        self._notify = notify
        self._preserver = preserver
        self._fingerprinter = fingerprinter

    def forget(self) -> None:
        """Begin a transaction in which nothing has run so far."""
        self.current = None
        self.ran.clear()

    def call_in(self, applies: Sequence[Apply]) -> None:
        """Before the first of these steps of a plan: take rows out of their tables that come back with one of them."""
        if self._preserver is not None and applies:
            labels = [(apply.migration.version.text, apply.migration.name) for apply in applies]
            self._preserver.call_in([apply.checksum for apply in applies], labels)

    def begin(self, task: Task) -> float:
        """Note that a task begins; a reading of time.monotonic().

        If it runs again, what was done from it on has been taken back.
        """
        self.current = task
        key = _key(task)
        if key in self.ran:
            earlier = list(self.ran)
            self.ran = {one: self.ran[one] for one in earlier[: earlier.index(key)]}
        self._notify(StepStarted(task.step))
        return time.monotonic()

    def run(self, task: Task, script: StepScript) -> Done:
        """Run a task's script, or what stands in for it. Raises ScriptError."""
        if _key(task) in self._to_settle:  # it was refused because of late checks: they are done as a commit would
            settle_constraints(self._connection)
        began = self.begin(task)
        before = self.names_before(task)
        rows = self._keep(task, script)
        done = Done(task=task, milliseconds=milliseconds(began), rows=rows, renamings=self.renamed(task, before))
        self.ran[_key(task)] = done
        return done

    def settle_before(self, task: Task) -> bool:
        """From now on, check before a task what would be checked at the end; False if that has been done already."""
        is_new = _key(task) not in self._to_settle
        self._to_settle.add(_key(task))
        return is_new

    def run_as_written(self, task: Task) -> Done:
        """Run a task's own script in the open transaction. Raises ScriptError."""
        return self.run(task, self.own_script(task))

    def own_script(self, task: Task) -> ScriptRun:
        """The task's own script, which must be there: a revert without a down is computed."""
        assert task.script is not None
        return ScriptRun(self._connection, task.script, task.subject.text)

    def supplement(self, task: Task, script: StepScript) -> Report:
        """Run what a task's own script, which ran before, has left undone. Raises ScriptError."""
        return self._keep(task, script, tries_back=False)

    def keeping(self, task: Task, reports: list[Report]) -> Keep | None:
        """What runs a part of a task's script, and keeps the rows it takes, as noted in `reports`; None if none are."""
        preserver = self._preserver
        if preserver is None or (task.script and TEMPORARY.search(task.script.text)):
            return None

        def keep(part: StepScript) -> None:
            subject = replace(task.subject, text=part.text)
            reports.append(preserver.keep(subject, task.step.direction, part))

        return keep

    def refuse_losses(self, task: Task) -> None:
        """Raise ScriptError if a script for the outside may take rows that cannot be kept there."""
        if self._preserver is not None and task.script is not None:
            refuse_losses(self._connection, self._preserver, task.script)

    def put_back(self, task: Task) -> Report:
        """Put back what is due with a task whose script has run outside a transaction."""
        return self.supplement(task, Nothing(task.subject.text))

    def names_before(self, task: Task) -> Mapping[ObjectAddress, ObjectName] | None:
        """What everything is called now, if it has to be looked what the task calls otherwise."""
        return read_names(self._connection) if self._may_rename(task) else None

    def renamed(self, task: Task, before: Mapping[ObjectAddress, ObjectName] | None) -> tuple[Renaming, ...] | None:
        """What a task that ran has called otherwise; `before` are the names before it, if it may have done so."""
        if before is not None:
            return tuple(renamings(before, read_names(self._connection)))
        return () if self._fingerprinter is not None and isinstance(task, ApplyTask) else None

    def apply(self, tasks: Sequence[ApplyTask], done: list[Done], *, measure: Collection[int]) -> Sequence[ApplyTask]:
        """Apply migrations, each of which is appended to `done`; `measure` what the schema is at these positions.

        Once more if rows that were put back may have been in the way of one of them. Returns those that are left to be
        applied once this transaction is committed, since rows that they may be about wait for that. Raises ScriptError.
        """
        if self._preserver is None and not (measure and self._fingerprinter):
            self._apply_ahead(tasks, done)
            return ()
        before = len(done)
        try:
            with self._connection.transaction():
                for place, task in enumerate(tasks, 1):
                    done.append(self._apply(task, measure=task.step.position in measure))
                    if self._wants_commit(done[-1], tasks[place:]):
                        return tasks[place:]
        except ScriptError as error:
            if self._preserver is None or not self._preserver.deferred.give_way():
                raise
            failed, ran = self.current, done[before:]
            del done[before:]
            try:
                return self.apply(tasks, done, measure=measure)
            except ScriptError as again:
                if again.sqlstate in TOO_MUCH_FOR_ONE or len(done) - before > len(ran):
                    raise
                # without the rows it got no further: what it fails on then is no fault of that script
                self.current, done[before:] = failed, ran
                raise error from None
        return ()

    def put_back_waiting(self, done: Sequence[Done]) -> None:
        """Put back what could not be before these steps were committed."""
        if self._preserver and any(one.rows.waiting for one in done) and (report := self._preserver.put_back_waiting()):
            extend_last_sync(self._connection)
            self._notify(RowsRestored(report))

    def loses_rows(self, task: Task) -> bool:
        """Whether a script for the outside takes rows away: they can be kept inside only.

        Raises ScriptError if the connection breaks.
        """
        task = inside(task)
        if self._preserver is None or not task.transactional or suspect(task.subject.text).reach is Reach.NONE:
            return False
        try:
            with self._connection.transaction():
                return bool(self._preserver.preview(self.own_script(task)).losses)
        except ScriptError:
            if self._connection.broken:
                raise
            return False

    def discard_drift(self, script: Runnable) -> None:
        """Run a script that takes back what was changed by hand, and keep its rows."""
        if self._preserver is None:
            script.run()
        else:
            self._preserver.run(BY_HAND, Direction.REVERT, script)

    def _may_rename(self, task: Task) -> bool:
        return self._fingerprinter is not None and isinstance(task, ApplyTask) and task.may_rename

    def _apply(self, task: ApplyTask, *, measure: bool) -> Done:
        done = self.run_as_written(task)
        if measure and self._fingerprinter:
            done = replace(done, fingerprint=self._fingerprinter.measure(self._connection).fingerprint)
        return done

    def _apply_ahead(self, tasks: Sequence[ApplyTask], done: list[Done]) -> None:
        """Apply migrations between which nothing else has to be asked."""
        for is_asked_about, group in groupby(tasks, lambda one: self._may_rename(one) or _key(one) in self._to_settle):
            neighbours = list(group)
            if is_asked_about:
                for task in neighbours:
                    done.append(self.run_as_written(task))
                continue
            with closing(run_all(self._connection, [task.script for task in neighbours if task.script])) as answers:
                for task in neighbours:
                    done.append(self.run(task, AnswerAhead(answers, task.subject.text)))

    def _wants_commit(self, done: Done, later: Sequence[ApplyTask]) -> bool:
        """Whether rows wait for a commit, such as those with a new value of an enum, that later tasks may be about.

        That is told by the names of tables in their scripts.
        """
        names = self._preserver.awaiting_commit(done.rows) if self._preserver else ()
        return bool(names) and any(names_tables(task.subject.text, names) for task in later)

    def _keep(self, task: Task, script: StepScript, *, tries_back: bool = True) -> Report:
        """Run the script, and keep what it takes away."""
        if self._preserver is None:
            script.run()
            return Report()
        opposite = task.opposite if tries_back else None
        back = None if opposite is None else ScriptRun(self._connection, opposite, opposite.text)
        return self._preserver.run(replace(task.subject, text=script.text), task.step.direction, script, back)


def _key(task: Task) -> tuple[Direction, int]:
    """By this a task is known again when it runs once more."""
    return task.step.direction, task.step.position


def milliseconds(began: float) -> float:
    """Since `began`, a reading of time.monotonic()."""
    return round((time.monotonic() - began) * 1000, 3)
