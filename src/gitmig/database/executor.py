"""Runs a plan: as much as possible in one transaction, ledger rows included, and never without a way to go on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import psycopg

from gitmig.core.batches import batches
from gitmig.database import ledger, ledger_schema
from gitmig.database.book import Book, Done, milliseconds
from gitmig.database.piecewise import OUTSIDE_ONLY
from gitmig.database.runners import runner_of
from gitmig.database.sending import ScriptError
from gitmig.database.tasks import tasks, unfinished_task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.core.plan import Plan, Step
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import State, Unfinished
    from gitmig.database.tasks import Context, Task

# What one transaction for everything can run into although each step alone would not: a new enum value used (55P04),
# pending trigger events (55006), out of locks (53200), and statements that must be outside of any transaction.
TOO_MUCH_FOR_ONE = {"55P04", "55006", "53200"} | OUTSIDE_ONLY
# Bytes. `transaction:false` and CONCURRENTLY spare the other users of large tables. On a database below this size the
# locks last for moments, and one transaction for the whole plan is worth more: a failure leaves nothing half done.
LARGE = 1 << 30


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
    """Runs plans on one connection that holds the lock."""

    def __init__(
        self, connection: Connection, context: Context, observer: Observer, *, always_outside: bool = False
    ) -> None:
        self._connection = connection
        self._always_outside = always_outside
        self._context = context
        self._observer = observer
        self._committed: list[Done] = []

    @property
    def committed(self) -> tuple[Done, ...]:
        """Every step that is done for good."""
        return tuple(self._committed)

    def run(self, plan: Plan, state: State) -> None:
        """Do what the plan, made for this state, says. Raises StepFailed."""
        book = Book(self._connection, self._context, state, plan.moves)
        waiting = batches(self._tasks(plan)) or [()]
        while waiting:
            batch, *waiting = waiting
            book.is_last = not waiting
            try:
                if batch and not batch[0].transactional:
                    self._run_outside(batch[0], book, None)
                else:
                    self._run_together(batch, book)
            except _TooMuchForOne as refusal:
                waiting = refusal.smaller(batch) + waiting

    def finish(self, unfinished: Unfinished, state: State) -> None:
        """Complete a script that an earlier process left half done outside a transaction. Raises StepFailed."""
        self._run_outside(unfinished_task(unfinished), Book(self._connection, self._context, state), unfinished)

    def _tasks(self, plan: Plan) -> list[Task]:
        """The plan's tasks. Where locks hurt nobody, scripts written for the outside run inside as well."""
        found = tasks(plan, ledger.read_rows(self._connection, plan.keep), self._context)
        if self._always_outside or all(task.transactional for task in found) or self._is_large():
            return found
        return [task.inside() for task in found]

    def _is_large(self) -> bool:
        row = self._connection.execute(
            "SELECT pg_catalog.pg_database_size(current_database()) > %s", (LARGE,)
        ).fetchone()
        return bool(row and row[0])

    def _run_together(self, batch: Sequence[Task], book: Book) -> None:
        """All tasks and their ledger rows in one transaction; without tasks, what else the ledger has to learn."""
        done: list[Done] = []
        current: Task | None = None
        try:
            with self._connection.transaction():
                ledger_schema.upgrade(self._connection)
                for current in batch:
                    done.append(self._timed(current, self._inside))
                book.write(batch, done)
        except ScriptError as error:
            assert current is not None  # only a task's script raises this
            outside = error.sqlstate in OUTSIDE_ONLY or current.written is not None
            if error.sqlstate in TOO_MUCH_FOR_ONE and (len(batch) > 1 or outside):
                raise _TooMuchForOne(current, outside=outside) from error
            raise self._failed(current, error, done) from error
        except psycopg.IntegrityError as error:  # a deferred constraint speaks up when the transaction ends
            if current is None:
                raise
            raise self._failed(current, _at_commit(current, error), done[:-1]) from error
        self._commit(done)

    def _run_outside(self, task: Task, book: Book, unfinished: Unfinished | None) -> None:
        """Each statement on its own; the unfinished row says how far it is, and goes when the ledger row comes."""
        connection = self._connection
        if unfinished is None:
            with connection.transaction():
                ledger_schema.upgrade(connection)
                ledger.begin_unfinished(connection, task.step.direction, task.row)

        def run(task: Task) -> None:
            indexes = unfinished.indexes if unfinished else ()
            started = unfinished is not None and unfinished.started
            runner_of(task.script.language).outside(
                connection, task.script, done=unfinished.done if unfinished else 0, started=started, indexes=indexes
            )

        try:
            done = self._timed(task, run)
        except ScriptError as error:
            raise self._failed(task, error) from error
        with connection.transaction():
            book.write((task,), (done,))
            ledger.end_unfinished(connection)
        self._commit((done,))

    def _inside(self, task: Task) -> None:
        runner_of(task.script.language).inside(self._connection, task.script)

    def _timed(self, task: Task, run: Callable[[Task], None]) -> Done:
        self._observer.started(task.step)
        began = time.monotonic()
        run(task)
        return Done(step=task.step, milliseconds=milliseconds(began))

    def _commit(self, done: Sequence[Done]) -> None:
        self._committed += done
        self._observer.committed(done)

    def _failed(self, task: Task, error: ScriptError, rolled_back: Sequence[Done] = ()) -> StepFailed:
        return StepFailed(
            step=task.step,
            path=task.script.path,
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
        line=task.script.first_line,
        statement="COMMIT",
    )
