"""Running steps one by one inside a transaction: each has its time taken, its rows kept, its schema measured."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from gitmig.core.plan import Direction
from gitmig.core.renamings import renamings
from gitmig.database.book import Done, milliseconds
from gitmig.database.catalogs.identities import read_names
from gitmig.database.ledger import extend_last_sync
from gitmig.database.refusals import TOO_MUCH_FOR_ONE, TooMuchForOne
from gitmig.database.runners import run_all, runner_of
from gitmig.database.sending import ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.rows.items import DRIFT, Report, Subject
from gitmig.rows.reach import Reach, names_tables, suspect

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from gitmig.core.migration import Script
    from gitmig.core.plan import Step
    from gitmig.core.renamings import Renaming
    from gitmig.core.schema import ObjectName
    from gitmig.database.catalogs.edges import Address
    from gitmig.database.connection import Connection
    from gitmig.database.gauge import Gauge
    from gitmig.database.tasks import Task
    from gitmig.rows.preserve import Preserver
    from gitmig.rows.step import Runnable

# Under this name rows of what was changed by hand are kept.
BY_HAND = Subject(version=DRIFT, name="", checksum=DRIFT)


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A script that somebody wrote, to be run on a connection."""

    connection: Connection
    script: Script

    @classmethod
    def of(cls, connection: Connection, task: Task) -> ScriptRun:
        """The task's own script."""
        assert task.script is not None  # only a revert without a down has none, and that is computed
        return cls(connection, task.script)

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""
        runner_of(self.script.language).inside(self.connection, self.script)


@dataclass(frozen=True, slots=True)
class AnswerAhead:
    """The next of several scripts that were sent together: it runs when its answer is asked for."""

    answers: Iterator[None]

    def run(self) -> None:
        """Wait for the answer. Raises ScriptError."""
        next(self.answers)


class Observer(Protocol):
    """Is told how far a plan is."""

    def started(self, step: Step) -> None:
        """A step begins to run; it may do so again, alone, if its transaction turns out to be too large."""

    def committed(self, done: Sequence[Done]) -> None:
        """These steps are in the database and in the ledger for good."""

    def settled(self, report: Report) -> None:
        """Rows that had to wait for the end of a transaction, or of the plan, were put back."""


class Stepper:
    """Runs steps one by one. `current` is the task under way, or the last one; `ran` are the ones that count.

    A step that runs again does so because what was done from it on has been taken back.

    With a `keeper`, no step loses rows; with a `gauge`, schemas are measured.
    """

    def __init__(
        self, connection: Connection, observer: Observer, keeper: Preserver | None, gauge: Gauge | None
    ) -> None:
        self.current: Task | None = None
        self.ran: dict[tuple[Direction, int], tuple[Task, Done]] = {}
        self._to_settle: set[tuple[Direction, int]] = set()
        self._connection = connection
        self._observer = observer
        self._keeper = keeper
        self._gauge = gauge

    def begin(self, task: Task) -> float:
        """Note that a task begins; a reading of time.monotonic()."""
        self.current = task
        key = _key(task)
        if key in self.ran:
            earlier = list(self.ran)
            self.ran = {one: self.ran[one] for one in earlier[: earlier.index(key)]}
        self._observer.started(task.step)
        return time.monotonic()

    def run(self, task: Task, script: Runnable, text: str | None) -> Done:
        """Run a task's script, or what stands in for it; `text` is what it sends, if known. Raises ScriptError."""
        self._settle(task)
        began = self.begin(task)
        before = read_names(self._connection) if self.may_rename(task) else None
        rows = self._keep(task, script, text)
        done = Done(step=task.step, milliseconds=milliseconds(began), rows=rows, renamings=self.renamed(task, before))
        self.ran[_key(task)] = (task, done)
        return done

    def settle_before(self, task: Task) -> bool:
        """From now on, check before a task what would be checked at the end; False if that has been done already."""
        is_new = _key(task) not in self._to_settle
        self._to_settle.add(_key(task))
        return is_new

    def may_rename(self, task: Task) -> bool:
        """Whether it has to be looked what a task calls otherwise."""
        return self._gauge is not None and task.step.direction is Direction.APPLY and task.has_renaming_up

    def renamed(self, task: Task, before: Mapping[Address, ObjectName] | None) -> tuple[Renaming, ...] | None:
        """What a task that ran has called otherwise; `before` are the names before it, if it may have done so."""
        if before is not None:
            return tuple(renamings(before, read_names(self._connection)))
        return () if self._gauge is not None and task.step.direction is Direction.APPLY else None

    def supplement(self, task: Task, script: Runnable, text: str) -> Report:
        """Run what a task's own script, which ran before, has left undone. Raises ScriptError."""
        return self._keep(task, script, text, tries_back=False)

    def run_as_written(self, task: Task) -> Done:
        """Run a task's own script in the open transaction. Raises ScriptError."""
        return self.run(task, ScriptRun.of(self._connection, task), task.subject.text)

    def apply(self, tasks: Sequence[Task], done: list[Done], *, measure: Collection[int]) -> None:
        """Apply migrations, each of which is appended to `done`; `measure` what the schema is at these positions.

        Once more if rows that were put back may have been in the way of one of them. Raises ScriptError, TooMuchForOne.
        """
        if self._keeper is None and not (measure and self._gauge):
            self._apply_ahead(tasks, done)
            return
        before = len(done)
        try:
            with self._connection.transaction():
                for place, task in enumerate(tasks, 1):
                    done.append(self._apply(task, measure=task.step.position in measure))
                    if self._keeper and _takes_from_waiting(self._keeper, done[-1], tasks[place:]):
                        self._keeper.deferred.end_transaction()
                        raise TooMuchForOne(task, behind=True)
        except ScriptError as error:
            if self._keeper is None or not self._keeper.deferred.give_way():
                raise
            failed, ran = self.current, done[before:]
            del done[before:]
            try:
                self.apply(tasks, done, measure=measure)
            except ScriptError as again:
                if again.sqlstate in TOO_MUCH_FOR_ONE or len(done) - before > len(ran):
                    raise
                # without the rows it got no further: what it fails on then is no fault of that script
                self.current, done[before:] = failed, ran
                raise error from None

    def settle(self, done: Sequence[Done]) -> None:
        """Put back what could not be before these steps were committed."""
        if self._keeper and any(one.rows.waiting for one in done) and (report := self._keeper.settle()):
            extend_last_sync(self._connection)
            self._observer.settled(report)

    def loses_rows(self, task: Task) -> bool:
        """Whether a script for the outside takes rows away: they can be kept inside only.

        Raises ScriptError if the connection breaks.
        """
        inside = task.inside()
        if self._keeper is None or not inside.transactional or suspect(inside.subject.text).reach is Reach.NONE:
            return False
        try:
            with self._connection.transaction():
                return bool(self._keeper.preview(ScriptRun.of(self._connection, inside)).losses)
        except ScriptError:
            if self._connection.broken:
                raise
            return False

    def keep_drift(self, script: Runnable) -> None:
        """Run a script that takes back what was changed by hand, and keep its rows."""
        if self._keeper is None:
            script.run()
        else:
            self._keeper.run(BY_HAND, Direction.REVERT, script)

    def _apply(self, task: Task, *, measure: bool) -> Done:
        done = self.run_as_written(task)
        if measure and self._gauge:
            done = replace(done, fingerprint=self._gauge.measure(self._connection).fingerprint)
        return done

    def _apply_ahead(self, tasks: Sequence[Task], done: list[Done]) -> None:
        """Apply migrations between which nothing else has to be asked."""
        for is_asked_about, group in groupby(
            tasks, lambda task: self.may_rename(task) or _key(task) in self._to_settle
        ):
            neighbours = list(group)
            if is_asked_about:
                for task in neighbours:
                    done.append(self.run_as_written(task))
                continue
            with closing(run_all(self._connection, [task.script for task in neighbours if task.script])) as runs:
                for task in neighbours:
                    done.append(self.run(task, AnswerAhead(runs), task.subject.text))

    def _settle(self, task: Task) -> None:
        """Do the late checks before a task that was refused because of them, as a commit would."""
        if _key(task) in self._to_settle:
            settle_constraints(self._connection)

    def _keep(self, task: Task, script: Runnable, text: str | None, *, tries_back: bool = True) -> Report:
        """Run the script, and keep what it takes away."""
        if self._keeper is None:
            script.run()
            return Report()
        opposite = task.opposite if tries_back else None
        back = None if opposite is None else ScriptRun(self._connection, opposite)
        return self._keeper.run(replace(task.subject, text=text), task.step.direction, script, back)


def _key(task: Task) -> tuple[Direction, int]:
    """By this a task is known again when it runs once more."""
    return task.step.direction, task.step.position


def _takes_from_waiting(keeper: Preserver, done: Done, later: Sequence[Task]) -> bool:
    """Whether rows wait for a commit, such as those with a new value of an enum, that later tasks are about."""
    names = keeper.awaiting_commit(done.rows)
    return bool(names) and any(names_tables(task.subject.text, names) for task in later)
