"""Runs a plan: as much as possible in one transaction, ledger rows included, and never without a way to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.core.batches import batches
from gitmig.core.plan import Direction
from gitmig.database import ledger, ledger_schema
from gitmig.database.arriving import Arrival
from gitmig.database.book import Book, Done, milliseconds
from gitmig.database.catalogs.identities import read_names
from gitmig.database.piecewise import OUTSIDE_ONLY
from gitmig.database.refusals import PENDING, TOO_MUCH_FOR_ONE, StepFailed, TooMuchForOne
from gitmig.database.reverting import Reverter, Unrepairable
from gitmig.database.runners import runner_of
from gitmig.database.sending import REFUSED, SAID_LATE, ScriptError, error_at_commit, refuse_flawed
from gitmig.database.stepping import Stepper
from gitmig.database.tasks import replacing_rows, tasks, unfinished_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Plan
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Row, State, Unfinished
    from gitmig.database.reverting import Expectation
    from gitmig.database.stepping import Observer
    from gitmig.database.tasks import Context, Task
    from gitmig.rows.preserve import Preserver

# Bytes. `transaction:false` and CONCURRENTLY spare the other users of large tables. On a database below this size the
# locks last for moments, and one transaction for the whole plan is worth more: a failure leaves nothing half done.
LARGE = 1 << 30
# How often a batch is run before a deadlock with somebody else's transactions is told; all of it was rolled back.
TRIES = 3
DEADLOCK = "40P01"
# Steps. In a longer batch only the last state is measured: a look at the catalogs takes as long as several scripts.
SHORT = 10


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
        keeper: Preserver | None = None,
        always_outside: bool = False,
    ) -> None:
        self._connection = connection
        self._always_outside = always_outside
        self._context = context
        self._observer = observer
        self._gauge = expected.gauge if expected else None
        self._stepper = Stepper(connection, observer, keeper, self._gauge)
        self._expected = expected
        self._reverter = Reverter(connection, expected, self._stepper) if expected else None
        self._arrival: Arrival | None = None
        self._committed: list[Done] = []
        self.went_outside = False  # whether anything was done outside a transaction

    @property
    def committed(self) -> tuple[Done, ...]:
        """Every step that is done for good."""
        return tuple(self._committed)

    def run(self, plan: Plan, state: State) -> None:
        """Do what the plan, made for this state, says. Raises StepFailed, Unrepairable."""
        book = Book(self._connection, self._context, state, plan.moves, keep=plan.keep)
        found = self._tasks(plan)
        rows = self._replacing(plan, book)
        if self._expected:
            self._arrival = Arrival(self._connection, self._expected, self._stepper, plan, found, rows)
        waiting = batches(found) or [()]
        while waiting:
            batch, *waiting = waiting
            if book.is_replacement_due and batch and not batch[0].transactional:
                book.is_last = False  # what runs outside is noted on top of the rows that come
                self._run_together((), book)
            book.is_last = not waiting
            if batch and not batch[0].transactional:
                batch = (self._safe(batch[0]),)
            try:
                if batch and not batch[0].transactional:
                    self._run_outside(batch[0], book)
                else:
                    self._run_together(batch, book)
            except TooMuchForOne as refusal:
                waiting = refusal.smaller(batch) + waiting
            except Unrepairable as failure:
                failure.committed = self.committed
                failure.outside = bool(batch) and not batch[0].transactional
                raise

    def finish(self, unfinished: Unfinished, state: State) -> None:
        """Complete a script that an earlier process left half done outside a transaction. Raises StepFailed."""
        self._run_outside(unfinished_task(unfinished), Book(self._connection, self._context, state), unfinished)

    def discard_drift(self, state: State) -> None:
        """Put the schema back to that of the applied stack, and forget a script that was interrupted.

        Raises Unrepairable with nothing changed.
        """
        assert self._reverter is not None  # without expectations there is no drift
        assert self._gauge is not None
        book = Book(self._connection, self._context, state)
        with self._connection.transaction():
            ledger_schema.upgrade(self._connection)
            self._reverter.restore(len(state.stack), self._stepper.keep_drift)
            book.fingerprint = self._gauge.measure(self._connection).fingerprint
            book.discard_drift()
            ledger.end_unfinished(self._connection)

    def _replacing(self, plan: Plan, book: Book) -> list[Row]:
        """The rows that come without running anything, handed to the book."""
        if plan.replacement is None:
            return []
        rows = replacing_rows(plan, ledger.read_rows(self._connection, plan.keep), self._context)
        book.plan_replacement(plan, rows)
        return rows

    def _tasks(self, plan: Plan) -> list[Task]:
        """The plan's tasks. Where locks hurt nobody, scripts written for the outside run inside as well."""
        found = tasks(plan, ledger.read_rows(self._connection, plan.keep), self._context)
        if self._always_outside or not any(task.needs_outside for task in found) or self._is_large():
            return found
        return [task.inside() for task in found]

    def _safe(self, task: Task) -> Task:
        """A task for the outside, or the same for the inside if rows have to be kept. Raises StepFailed."""
        try:
            return task.inside() if self._stepper.loses_rows(task) else task
        except ScriptError as error:
            raise self._failed(task.inside(), error) from error

    def _is_large(self) -> bool:
        row = self._connection.execute(
            "SELECT pg_catalog.pg_database_size(current_database()) > %s", (LARGE,)
        ).fetchone()
        return bool(row and row[0])

    def _run_together(self, batch: Sequence[Task], book: Book) -> None:
        """All tasks and their ledger rows in one transaction; without tasks, what else the ledger has to learn."""
        for left in reversed(range(TRIES)):
            try:
                self._try_together(batch, book)
            except (StepFailed, psycopg.errors.DeadlockDetected) as failure:
                if not left or not _is_deadlock(failure):
                    raise
            else:
                return

    def _try_together(self, batch: Sequence[Task], book: Book) -> None:
        done: list[Done] = []
        self._stepper.current = None
        self._stepper.ran.clear()
        try:
            with self._connection.transaction():
                ledger_schema.upgrade(self._connection)
                done += self._revert([task for task in batch if task.step.direction is Direction.REVERT])
                self._stepper.apply(batch[len(done) :], done, measure=self._to_measure(batch, book))
                done = self._write(batch, done, book)
        except ScriptError as error:
            culprit = self._stepper.current
            assert culprit is not None  # only a task's script raises this
            if self._was_committed():
                self._note_committed(book)
                failure = self._failed(culprit, error)
                failure.escaped = True
                raise failure from error
            if error.sqlstate == PENDING and batch[0] is not culprit and self._stepper.settle_before(culprit):
                raise TooMuchForOne(culprit, settled=True) from error
            alone = len(batch) == 1
            outside = error.sqlstate in OUTSIDE_ONLY or culprit.written is not None or (alone and culprit.in_parts)
            if error.sqlstate in TOO_MUCH_FOR_ONE and (outside or not alone):
                raise TooMuchForOne(culprit, outside=outside) from error
            raise self._failed(culprit, error, done) from error
        except SAID_LATE as error:  # a deferred constraint speaks up when the transaction ends
            last = self._stepper.current
            if last is None:
                raise
            raise self._failed(last, error_at_commit(last.script, error), done[:-1]) from error
        self._commit(done)

    def _to_measure(self, batch: Sequence[Task], book: Book) -> set[int]:
        """The positions at which the schema shall be measured on the way: where that is cheap, and was never done."""
        if self._gauge is None or len(batch) > SHORT or (self._arrival and not self._arrival.is_certain):
            return set()
        return book.never_measured([task for task in batch if task.step.direction is Direction.APPLY], self._gauge)

    def _was_committed(self) -> bool:
        """Whether a script has committed the transaction that failed afterwards."""
        number = self._connection.script_transaction
        if self._connection.closed or number is None:
            return False
        row = self._connection.execute("SELECT pg_catalog.pg_xact_status(%s::xid8)", (number,)).fetchone()
        return row == ("committed",)

    def _note_committed(self, book: Book) -> None:
        """What ran before a script that committed is there for good, whatever that script left half done."""
        ran = [(task, done) for task, done in self._stepper.ran.values() if task is not self._stepper.current]
        book.is_last = False
        with self._connection.transaction():
            ledger_schema.upgrade(self._connection)
            book.write([task for task, _ in ran], [done for _, done in ran])
        self._commit([done for _, done in ran])

    def _revert(self, tasks: Sequence[Task]) -> list[Done]:
        if self._reverter and tasks:
            return self._reverter.revert(tasks)
        return [self._stepper.run_as_written(task) for task in tasks]

    def _run_outside(self, task: Task, book: Book, unfinished: Unfinished | None = None) -> None:
        """Each statement on its own; the unfinished row says how far it is, and goes when the ledger row comes."""
        connection = self._connection
        self.went_outside = True
        script = task.script
        assert script is not None  # what has no script needs no outside

        def run() -> None:
            if unfinished is None:
                refuse_flawed(script)
                with connection.transaction():
                    ledger_schema.upgrade(connection)
                    book.begin()
                    ledger.begin_unfinished(connection, task.step.direction, task.row)
            indexes = unfinished.indexes if unfinished else ()
            started = unfinished is not None and unfinished.started
            runner_of(script.language).outside(
                connection, script, done=unfinished.done if unfinished else 0, started=started, indexes=indexes
            )

        began = self._stepper.begin(task)
        before = read_names(connection) if unfinished is None and self._stepper.may_rename(task) else None
        try:
            run()
        except ScriptError as error:
            raise self._failed(task, error) from error
        renamings = None if unfinished else self._stepper.renamed(task, before)
        done = Done(step=task.step, milliseconds=milliseconds(began), renamings=renamings)
        with connection.transaction():
            if self._reverter and unfinished is None and task.step.direction is Direction.REVERT:
                done = self._reverter.complete(task, done)
            (done,) = self._write((task,), [done], book)
            ledger.end_unfinished(connection)
        self._commit((done,))

    def _write(self, batch: Sequence[Task], done: list[Done], book: Book) -> list[Done]:
        """The ledger's share of a transaction; at the end of the plan also what the schema is now."""
        if book.is_last and self._arrival:
            done = self._arrival.settle(done)
        if book.is_last and self._gauge:
            known = done[-1].fingerprint if done else None
            book.fingerprint = known or self._gauge.measure(self._connection).fingerprint
        book.write(batch, done)
        return done

    def _commit(self, done: Sequence[Done]) -> None:
        self._committed += done
        self._observer.committed(done)
        self._stepper.settle(done)

    def _failed(self, task: Task, error: ScriptError, rolled_back: Sequence[Done] = ()) -> StepFailed:
        return StepFailed(
            step=task.step,
            path=task.path,
            outside=not task.transactional and error.sqlstate != REFUSED,
            rolled_back=tuple(done.step for done in rolled_back),
            error=error,
            committed=self.committed,
        )


def _is_deadlock(failure: StepFailed | psycopg.errors.DeadlockDetected) -> bool:
    """Whether a script ran into it, or gitmig did while it moved rows; and everything was rolled back."""
    if isinstance(failure, StepFailed):
        return failure.error.sqlstate == DEADLOCK and not failure.escaped
    return True
