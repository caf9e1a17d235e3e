"""Runs a plan: as much as possible in one transaction, ledger rows included, and never without a way to go on."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import psycopg

from gitmig.core.batches import batches
from gitmig.core.kept.item import Subject
from gitmig.core.kept.report import Report
from gitmig.core.kept.suspicion import Reach, suspect
from gitmig.core.plan import Direction
from gitmig.database import ledger, ledger_schema
from gitmig.database.book import Book, Done, milliseconds
from gitmig.database.piecewise import OUTSIDE_ONLY
from gitmig.database.reverting import Reverter, run_inside
from gitmig.database.runners import run_all, runner_of
from gitmig.database.sending import ScriptError
from gitmig.database.tasks import tasks, unfinished_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitmig.core.plan import Plan, Step
    from gitmig.database.connection import Connection
    from gitmig.database.kept.keeper import Keeper
    from gitmig.database.ledger import State, Unfinished
    from gitmig.database.reverting import Expectation
    from gitmig.database.tasks import Context, Task

# What one transaction for everything can run into although each step alone would not: a new enum value used (55P04),
# pending trigger events (55006), out of locks (53200), and statements that must be outside of any transaction.
TOO_MUCH_FOR_ONE = {"55P04", "55006", "53200"} | OUTSIDE_ONLY
# Bytes. `transaction:false` and CONCURRENTLY spare the other users of large tables. On a database below this size the
# locks last for moments, and one transaction for the whole plan is worth more: a failure leaves nothing half done.
LARGE = 1 << 30
# Steps. In a longer batch only the last state is measured: a look at the catalogs takes as long as several scripts.
SHORT = 10

# Under this name rows of what was changed by hand are kept.
DRIFT = Subject(version="drift", name="", checksum="drift")


@dataclass(kw_only=True, eq=False)
class StepFailed(Exception):
    """A script failed. `committed` stays; everything else of the failed transaction was rolled back.

    `outside` says that there was no transaction: the statements before the failed one stay, and are not run again.
    `rolled_back` ran before it in the same transaction.
    """

    step: Step
    path: str
    outside: bool
    rolled_back: tuple[Step, ...]
    error: ScriptError
    committed: tuple[Done, ...]


class Observer(Protocol):
    """Is told how far a plan is."""

    def started(self, step: Step) -> None:
        """A step begins to run; it may do so again, alone, if its transaction turns out to be too large."""

    def committed(self, done: Sequence[Done]) -> None:
        """These steps are in the database and in the ledger for good."""


class Executor:
    """Runs plans on one connection that holds the lock.

    With `expected`, reverts are believed only when the schema agrees, and what it is in the end is measured. With a
    `keeper`, no step loses rows.
    """

    def __init__(
        self,
        connection: Connection,
        context: Context,
        observer: Observer,
        *,
        expected: Expectation | None = None,
        keeper: Keeper | None = None,
        always_outside: bool = False,
    ) -> None:
        self._connection = connection
        self._always_outside = always_outside
        self._context = context
        self._observer = observer
        self._expected = expected
        self._keeper = keeper
        self._reverter = Reverter(connection, expected, self._run_task) if expected else None
        self._committed: list[Done] = []
        self._current: Task | None = None

    @property
    def committed(self) -> tuple[Done, ...]:
        """Every step that is done for good."""
        return tuple(self._committed)

    def run(self, plan: Plan, state: State) -> None:
        """Do what the plan, made for this state, says. Raises StepFailed, Unrepairable."""
        book = Book(self._connection, self._context, state, plan.moves)
        waiting = batches(self._tasks(plan)) or [()]
        while waiting:
            batch, *waiting = waiting
            book.is_last = not waiting
            outside = bool(batch) and not batch[0].transactional
            if outside and self._loses_rows(batch[0]):
                outside, batch = False, (batch[0].inside(),)
            try:
                if outside:
                    self._run_outside(batch[0], book)
                else:
                    self._run_together(batch, book)
            except _TooMuchForOne as refusal:
                waiting = refusal.smaller(batch) + waiting

    def finish(self, unfinished: Unfinished, state: State) -> None:
        """Complete a script that an earlier process left half done outside a transaction. Raises StepFailed."""
        self._run_outside(unfinished_task(unfinished), Book(self._connection, self._context, state), unfinished)

    def discard_drift(self, state: State) -> None:
        """Put the schema back to that of the applied stack. Raises Unrepairable with nothing changed."""
        assert self._reverter is not None  # without expectations there is no drift
        assert self._expected is not None
        book = Book(self._connection, self._context, state)
        with self._connection.transaction():
            ledger_schema.upgrade(self._connection)
            self._reverter.restore(len(state.stack), self._keep_drift)
            book.fingerprint = self._expected.gauge.measure(self._connection).fingerprint
            book.discard_drift()

    def _tasks(self, plan: Plan) -> list[Task]:
        """The plan's tasks. Where locks hurt nobody, scripts written for the outside run inside as well."""
        found = tasks(plan, ledger.read_rows(self._connection, plan.keep), self._context)
        if self._always_outside or all(task.transactional for task in found) or self._is_large():
            return found
        return [task.inside() for task in found]

    def _loses_rows(self, task: Task) -> bool:
        """Whether a script for the outside takes rows away: they can be kept inside only."""
        inside = task.inside()
        if self._keeper is None or not inside.transactional or suspect(inside.subject.text).reach is Reach.NONE:
            return False
        try:
            with self._connection.transaction():
                return bool(self._keeper.preview(lambda: run_inside(self._connection, inside)))
        except ScriptError:
            return False

    def _is_large(self) -> bool:
        row = self._connection.execute(
            "SELECT pg_catalog.pg_database_size(current_database()) > %s", (LARGE,)
        ).fetchone()
        return bool(row and row[0])

    def _run_together(self, batch: Sequence[Task], book: Book) -> None:
        """All tasks and their ledger rows in one transaction; without tasks, what else the ledger has to learn."""
        done: list[Done] = []
        self._current = None
        try:
            with self._connection.transaction():
                ledger_schema.upgrade(self._connection)
                done += self._revert([task for task in batch if task.step.direction is Direction.REVERT])
                for one in self._apply(batch[len(done) :], measure=len(batch) <= SHORT):
                    done.append(one)
                self._write(batch, done, book)
        except ScriptError as error:
            culprit = self._current
            assert culprit is not None  # only a task's script raises this
            outside = error.sqlstate in OUTSIDE_ONLY or culprit.written is not None
            if error.sqlstate in TOO_MUCH_FOR_ONE and (len(batch) > 1 or outside):
                raise _TooMuchForOne(culprit, outside=outside) from error
            raise self._failed(culprit, error, done) from error
        except psycopg.IntegrityError as error:  # a deferred constraint speaks up when the transaction ends
            if self._current is None:
                raise
            raise self._failed(self._current, _at_commit(self._current, error), done[:-1]) from error
        self._commit(done)

    def _apply(self, tasks: Sequence[Task], *, measure: bool) -> Iterator[Done]:
        """Apply migrations; `measure` what the schema is after each, so that there is something to come back to."""
        if self._keeper is None and not (measure and self._expected):
            yield from self._apply_ahead(tasks)
            return
        for task in tasks:
            done = self._inside(task)
            if measure and self._expected:
                done = replace(done, fingerprint=self._expected.gauge.measure(self._connection).fingerprint)
            yield done

    def _apply_ahead(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """Apply migrations between which nothing else has to be asked."""
        with closing(run_all(self._connection, [task.script for task in tasks if task.script])) as runs:
            for task in tasks:
                yield self._run_task(task, lambda: next(runs), as_written=True)

    def _revert(self, tasks: Sequence[Task]) -> list[Done]:
        if self._reverter and tasks:
            return self._reverter.revert(tasks)
        return [self._inside(task) for task in tasks]

    def _run_outside(self, task: Task, book: Book, unfinished: Unfinished | None = None) -> None:
        """Each statement on its own; the unfinished row says how far it is, and goes when the ledger row comes."""
        connection = self._connection
        script = task.script
        assert script is not None  # what has no script needs no outside
        if unfinished is None:
            with connection.transaction():
                ledger_schema.upgrade(connection)
                ledger.begin_unfinished(connection, task.step.direction, task.row)

        def run() -> None:
            indexes = unfinished.indexes if unfinished else ()
            started = unfinished is not None and unfinished.started
            runner_of(script.language).outside(
                connection, script, done=unfinished.done if unfinished else 0, started=started, indexes=indexes
            )

        began = self._begin(task)
        try:
            run()
        except ScriptError as error:
            raise self._failed(task, error) from error
        done = Done(step=task.step, milliseconds=milliseconds(began))
        with connection.transaction():
            if self._reverter and unfinished is None and task.step.direction is Direction.REVERT:
                done = self._reverter.complete(task, done)
            self._write((task,), (done,), book)
            ledger.end_unfinished(connection)
        self._commit((done,))

    def _write(self, batch: Sequence[Task], done: Sequence[Done], book: Book) -> None:
        """The ledger's share of a transaction; at the end of the plan also what the schema is now."""
        if book.is_last and self._expected:
            known = done[-1].fingerprint if done else None
            book.fingerprint = known or self._expected.gauge.measure(self._connection).fingerprint
        book.write(batch, done)

    def _inside(self, task: Task) -> Done:
        return self._run_task(task, lambda: run_inside(self._connection, task), as_written=True)

    def _run_task(self, task: Task, script: Callable[[], None], *, as_written: bool) -> Done:
        """Run a task's script, or (not `as_written`) what stands in for it, and take the time."""
        began = self._begin(task)
        rows = self._keep(task, script, as_written=as_written)
        return Done(step=task.step, milliseconds=milliseconds(began), rows=rows)

    def _begin(self, task: Task) -> float:
        self._current = task
        self._observer.started(task.step)
        return time.monotonic()

    def _keep(self, task: Task, script: Callable[[], None], *, as_written: bool) -> Report:
        """Run the script, and keep what it takes away."""
        if self._keeper is None:
            script()
            return Report()
        opposite = task.opposite
        back = None if opposite is None else lambda: runner_of(opposite.language).inside(self._connection, opposite)
        subject = task.subject if as_written else replace(task.subject, text=None)
        return self._keeper.run(subject, task.step.direction, script, back)

    def _keep_drift(self, script: Callable[[], None]) -> None:
        """Run a script that takes back what was changed by hand, and keep its rows."""
        if self._keeper is None:
            script()
        else:
            self._keeper.run(DRIFT, Direction.REVERT, script)

    def _commit(self, done: Sequence[Done]) -> None:
        self._committed += done
        self._observer.committed(done)

    def _failed(self, task: Task, error: ScriptError, rolled_back: Sequence[Done] = ()) -> StepFailed:
        return StepFailed(
            step=task.step,
            path=task.path,
            outside=not task.transactional,
            rolled_back=tuple(done.step for done in rolled_back),
            error=error,
            committed=self.committed,
        )


class _TooMuchForOne(Exception):
    """A batch was rolled back whole because PostgreSQL allows it only in smaller transactions."""

    def __init__(self, task: Task, *, outside: bool) -> None:
        super().__init__()
        self._task = task
        self._outside = outside

    def smaller(self, batch: Sequence[Task]) -> list[tuple[Task, ...]]:
        """The same tasks with a commit before the one that was refused, or, if it must be outside, around it."""
        place = next(k for k, task in enumerate(batch) if task is self._task)
        if self._outside:
            parts = [tuple(batch[:place]), (self._task.outside(),), tuple(batch[place + 1 :])]
        else:
            parts = [tuple(batch[: place or 1]), tuple(batch[place or 1 :])]
        return [part for part in parts if part]


def _at_commit(task: Task, error: psycopg.IntegrityError) -> ScriptError:
    return ScriptError(
        sqlstate=error.sqlstate,
        message=error.diag.message_primary or str(error),
        detail=error.diag.message_detail,
        hint="a deferred constraint was checked when the transaction ended",
        line=task.script.first_line if task.script else 1,
        statement="COMMIT",
    )
