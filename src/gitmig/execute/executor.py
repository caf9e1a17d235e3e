"""Runs a plan: as much as possible in one transaction, ledger rows included, and never without a way to go on."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.events import StepsCommitted
from gitmig.execute.ledger_writer import LedgerWriter
from gitmig.execute.repair import FinalVerification, Repairer, Unrepairable
from gitmig.execute.revert import Reverter
from gitmig.execute.script import OUTSIDE_ONLY, runner_of
from gitmig.execute.step_runner import StepRunner, milliseconds
from gitmig.execute.tasks import (
    PENDING,
    TOO_MUCH_FOR_ONE,
    ApplyTask,
    Done,
    LocksHeld,
    Outside,
    RevertTask,
    StepFailed,
    Together,
    TooMuchForOne,
    batches,
    inside,
    replacing_rows,
    tasks,
    unfinished_task,
)
from gitmig.ledger import schema, store
from gitmig.ledger.rows import Unfinished
from gitmig.postgres.run_sql import REFUSED, SAID_LATE, ScriptError, error_at_commit, refuse_flawed
from gitmig.rows.reach import words_of
from gitmig.schema.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gitmig.events import Notify
    from gitmig.execute.repair import Expectation
    from gitmig.execute.tasks import Batch, SyncContext, Task
    from gitmig.ledger.rows import State
    from gitmig.migrations.model import Script
    from gitmig.migrations.plan import Apply, Plan
    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Report
    from gitmig.rows.preserve import Preserver


# Bytes. `transaction:false` and CONCURRENTLY spare the other users of large tables. On a database below this size the
# locks last for moments, and one transaction for the whole plan is worth more: a failure leaves nothing half done.
LARGE = 1 << 30
# How often a batch is run before a deadlock with somebody else's transactions is told; all of it was rolled back. From
# the second time on its tables are locked first: where a step takes longer than others wait before they look for a
# deadlock, it would always be the batch that finds it.
TRIES = 3
DEADLOCK = "40P01"
# Steps. In a longer batch only the last state is measured, and those that programs make: a look at the catalogs takes
# as long as several scripts of SQL, but not as one program; and the way back would cost a scratch build.
SHORT = 10


class Executor:
    """Runs plans on one connection that holds the lock.

    With `expected`, reverts are believed only when the schema agrees, and what it is in the end is measured. With a
    `preserver`, no step loses rows.
    """

    def __init__(
        self,
        connection: Connection,
        context: SyncContext,
        notify: Notify,
        *,
        expected: Expectation | None = None,
        preserver: Preserver | None = None,
        always_outside: bool = False,
    ) -> None:
        self._connection = connection
        self._always_outside = always_outside
        self._context = context
        self._notify = notify
        self._expected = expected
        self._fingerprinter = expected.fingerprinter if expected else None
        self._runner = StepRunner(connection, notify, preserver, self._fingerprinter)
        self._verification: FinalVerification | None = None
        self._committed: list[Done] = []
        self._coming: Sequence[Apply] = ()  # until one of them is committed
        self.went_outside = False  # whether anything was done outside a transaction

    @property
    def committed(self) -> tuple[Done, ...]:
        """Every step that is done for good."""
        return tuple(self._committed)

    def run(self, plan: Plan, state: State) -> None:
        """Do what the plan, made for this state, says. Raises StepFailed, LocksHeld, Unrepairable."""
        self._coming = plan.applies
        rows = store.read_rows(self._connection, plan.keep)
        found = self._suited(tasks(plan, rows, self._context))
        coming = replacing_rows(plan, rows, self._context)
        writer = LedgerWriter(self._connection, self._context, state, plan, coming)
        if self._expected:
            self._expected.remember(rows)
            self._verification = FinalVerification(
                self._connection, self._expected, self._runner, plan, found, replaced=coming
            )
        waiting = batches(found) or [Together()]
        while waiting:
            batch, *waiting = waiting
            waiting = self._run(self._without_loss(batch), writer, is_last=not waiting) + waiting

    def finish(self, unfinished: Unfinished, state: State) -> None:
        """Complete a script that an earlier process left half done outside a transaction. Raises StepFailed."""
        writer = LedgerWriter(self._connection, self._context, state)
        self._run_outside(unfinished_task(unfinished), writer, unfinished, is_last=False)

    def discard_drift(self, state: State) -> None:
        """Put the schema back to that of the applied stack, and forget a script that was interrupted.

        Raises Unrepairable with nothing changed.
        """
        assert self._expected is not None  # without expectations there is no drift
        with self._connection.transaction():
            schema.upgrade(self._connection)
            Repairer(self._connection, self._expected, self._runner).discard_drift(len(state.stack))
            fingerprint = self._expected.fingerprinter.measure(self._connection).fingerprint
            LedgerWriter(self._connection, self._context, state).discard_drift(fingerprint)

    def _suited(self, found: list[Task]) -> list[Task]:
        """The tasks: where locks hurt nobody, scripts written for the outside run inside as well."""
        if self._always_outside or not any(task.needs_outside for task in found):
            return found
        is_large = self._connection.value("SELECT pg_catalog.pg_database_size(current_database()) > %s", (LARGE,))
        return found if is_large else [inside(task) for task in found]

    def _without_loss(self, batch: Batch) -> Batch:
        """The batch, or for the inside of a transaction a task whose rows have to be kept. Raises StepFailed."""
        if isinstance(batch, Together):
            return batch
        task = inside(batch.task)
        try:
            return Together((task,)) if self._runner.loses_rows(task) else batch
        except ScriptError as error:
            raise self._failure(task, error) from error

    def _run(self, batch: Batch, writer: LedgerWriter, *, is_last: bool) -> list[Batch]:
        """Run a batch; what is left to do of it, in smaller ones, if it was too much for one transaction."""
        rest: Sequence[ApplyTask] = ()
        try:
            if isinstance(batch, Outside):
                if writer.is_replacement_due:  # what runs outside is noted on top of the rows that come
                    self._run_together(Together(), writer, is_last=False)
                self._run_outside(batch.task, writer, is_last=is_last)
            else:
                rest = self._run_together(batch, writer, is_last=is_last)
        except TooMuchForOne as refusal:
            assert isinstance(batch, Together)  # there is no transaction outside of one
            return refusal.smaller(batch)
        except Unrepairable as failure:
            failure.committed = self.committed
            failure.outside = isinstance(batch, Outside)
            raise
        return [Together(tuple(rest))] if rest else []

    def _run_together(self, batch: Together, writer: LedgerWriter, *, is_last: bool) -> Sequence[ApplyTask]:
        """The tasks and their ledger rows in one transaction; again if somebody else's made it impossible.

        Returns those that have to come after its commit.
        """
        deadlocks, waiting = 0, self._connection.lock_wait
        with waiting.briefly(self._connection) if waiting else nullcontext():
            while True:
                try:
                    return self._try_together(batch, writer, is_last=is_last, locks_first=deadlocks > 0)
                except (StepFailed, psycopg.errors.OperationalError) as failure:
                    reason = _reason(failure)
                    if reason == DEADLOCK and deadlocks < TRIES - 1:
                        deadlocks += 1
                    elif waiting is None or not waiting.is_to_blame(reason):
                        raise
                    elif not waiting.pause(self._connection):
                        raise LocksHeld(waiting, self.committed) from failure

    def _try_together(
        self, batch: Together, writer: LedgerWriter, *, is_last: bool, locks_first: bool
    ) -> Sequence[ApplyTask]:
        done: list[Done] = []
        self._runner.forget()
        try:
            with self._connection.transaction():
                if locks_first:
                    _lock_tables(self._connection, batch.tasks)
                schema.upgrade(self._connection)
                done += self._revert(batch.reverts)
                if batch.applies:
                    self._runner.call_in(self._coming)
                rest = self._runner.apply(batch.applies, done, measure=self._to_measure(batch, writer))
                done = self._write(done, writer, is_last=is_last and not rest)
        except ScriptError as error:
            raise self._why(batch, done, error, writer) from error
        except SAID_LATE as error:  # a deferred constraint speaks up when the transaction ends
            last = self._runner.current
            if last is None:
                raise
            if [task for task in batch.tasks[1:] if self._runner.settle_before(task)]:  # so that the right one is named
                return self._try_together(batch, writer, is_last=is_last, locks_first=locks_first)
            raise self._failure(last, error_at_commit(last.script, error), done[:-1]) from error
        self._commit(done)
        return rest

    def _why(
        self, batch: Together, done: Sequence[Done], error: ScriptError, writer: LedgerWriter
    ) -> StepFailed | TooMuchForOne:
        """What a script's error means for the batch that was rolled back."""
        culprit, alone = self._runner.current, len(batch.tasks) == 1
        assert culprit is not None  # only a task's script raises this
        if self._was_committed():
            self._note_committed(writer)
            return self._failure(culprit, error, escaped=True)
        if error.sqlstate == PENDING and batch.tasks[0] is not culprit and self._runner.settle_before(culprit):
            return TooMuchForOne(culprit, settled=True)
        outside = error.sqlstate in OUTSIDE_ONLY or culprit.written is not None or (alone and culprit.in_parts)
        if error.sqlstate in TOO_MUCH_FOR_ONE and (outside or not alone):
            return TooMuchForOne(culprit, outside=outside)
        return self._failure(culprit, error, done)

    def _revert(self, tasks: Sequence[RevertTask]) -> list[Done]:
        if self._expected and tasks:
            return Reverter(self._connection, self._expected, self._runner).revert(tasks)
        return [self._runner.run_as_written(task) for task in tasks]

    def _to_measure(self, batch: Together, writer: LedgerWriter) -> set[int]:
        """The positions at which the schema shall be measured on the way: where that is cheap, and was never done."""
        is_verified = self._verification is not None and self._verification.is_needed
        if self._fingerprinter is None or is_verified:
            return set()
        is_short = len(batch.tasks) <= SHORT
        worth = {task.row.position for task in batch.applies if is_short or _is_program(task)}
        return worth and worth & writer.never_measured(batch.applies, self._fingerprinter)

    def _was_committed(self) -> bool:
        """Whether a script has committed the transaction that failed afterwards."""
        number = self._connection.script_transaction
        if self._connection.closed or number is None:
            return False
        status = self._connection.value("SELECT pg_catalog.pg_xact_status(%s::xid8)", (number,))
        return bool(status == "committed")

    def _note_committed(self, writer: LedgerWriter) -> None:
        """What ran before a script that committed is there for good, whatever that script left half done."""
        done = [one for one in self._runner.ran.values() if one.task is not self._runner.current]
        with self._connection.transaction():
            schema.upgrade(self._connection)
            writer.write(done, is_last=False)
        self._commit(done)

    def _run_outside(
        self, task: Task, writer: LedgerWriter, unfinished: Unfinished | None = None, *, is_last: bool
    ) -> None:
        """Each statement on its own; the unfinished row says how far it is, and goes when the ledger row comes."""
        connection, script, is_new = self._connection, task.script, unfinished is None
        assert script is not None  # what has no script needs no outside
        kept: list[Report] = []
        began = self._runner.begin(task)
        before = self._runner.names_before(task) if is_new else None
        try:
            if is_new:
                self._runner.refuse_losses(task)
            self.went_outside = True
            unfinished = unfinished or self._begin_outside(task, script, writer)
            keep = self._runner.keeping(task, kept)
            runner_of(script.language).outside(connection, script, unfinished, keep)
        except ScriptError as error:
            raise self._failure(task, error) from error
        renamings = self._runner.renamed(task, before) if is_new else None
        done = Done(task=task, milliseconds=milliseconds(began), renamings=renamings)
        with connection.transaction():
            for report in (*kept, self._runner.put_back(task)):
                done = done.with_rows(report)
            if self._expected and isinstance(task, RevertTask):
                done = Repairer(connection, self._expected, self._runner).complete(task, done)
            (done,) = self._write([done], writer, is_last=is_last)
            store.end_unfinished(connection)
        self._commit((done,))

    def _begin_outside(self, task: Task, script: Script, writer: LedgerWriter) -> Unfinished:
        """Note in the ledger what is about to run. Raises ScriptError if it must not be sent."""
        refuse_flawed(script)
        unfinished = Unfinished(direction=task.step.direction, row=task.row)
        with self._connection.transaction():
            schema.upgrade(self._connection)
            if isinstance(task, ApplyTask):
                self._runner.call_in(self._coming)
            writer.begin()
            store.begin_unfinished(self._connection, unfinished)
        return unfinished

    def _write(self, done: list[Done], writer: LedgerWriter, *, is_last: bool) -> list[Done]:
        """The ledger's share of a transaction; at the end of the plan also what the schema is now."""
        fingerprint = None
        if is_last and self._verification:
            done = self._verification.complete(done)
        if is_last and self._fingerprinter:
            known = done[-1].fingerprint if done else None
            fingerprint = known or self._fingerprinter.measure(self._connection).fingerprint
        writer.write(done, is_last=is_last, fingerprint=fingerprint)
        return done

    def _commit(self, done: Sequence[Done]) -> None:
        self._committed += done
        if any(isinstance(one.task, ApplyTask) for one in done):
            self._coming = ()
        self._notify(StepsCommitted(done))
        self._runner.put_back_waiting(done)

    def _failure(
        self, task: Task, error: ScriptError, rolled_back: Sequence[Done] = (), *, escaped: bool = False
    ) -> StepFailed:
        return StepFailed(
            step=task.step,
            path=task.path,
            outside=not task.transactional and error.sqlstate != REFUSED,
            rolled_back=tuple(done.step for done in rolled_back),
            error=error,
            committed=self.committed,
            escaped=escaped,
        )


def _reason(failure: StepFailed | psycopg.Error) -> str | None:
    """Why a script failed, or gitmig itself while it moved rows; None if not everything was rolled back."""
    if isinstance(failure, StepFailed):
        return None if failure.escaped else failure.error.sqlstate
    return failure.sqlstate


def _is_program(task: ApplyTask) -> bool:
    return task.script is not None and task.script.language.is_program


# Locking the tables of a batch before it begins, where its locks, one by one, have met those of somebody else. Whom
# nothing allows to write a table, nothing allows to lock it, and no script of theirs does.
LOCKABLE = f"""
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OWN_RELATION}
        AND ($1::text[] IS NULL OR c.relname = ANY ($1::text[]))
        AND pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
    ORDER BY c.oid
"""


def _lock_tables(connection: Connection, tasks: Iterable[Task]) -> None:
    """Lock the tables that the tasks' scripts name against everybody, in the open transaction.

    While one of them is waited for, no other is held: who has it may be waiting for that one.
    """
    (rows,) = connection.run_prepared((LOCKABLE, (_words(tasks),)))
    tables = [sql.Identifier(*row) for row in rows]
    busy: sql.Identifier | None = None
    while tables:
        if busy is not None:
            tables = [busy, *(table for table in tables if table is not busy)]
        busy = _lock(connection, tables, waits=busy is not None)
        if busy is None:
            return


def _lock(connection: Connection, tables: Iterable[sql.Identifier], *, waits: bool) -> sql.Identifier | None:
    """Lock them all, and perhaps wait for the first one; else returns the one that somebody has, and none is locked."""
    table: sql.Identifier | None = None
    is_first = waits
    try:
        with connection.transaction():
            for table in tables:
                mode = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE{}")
                connection.execute(mode.format(table, sql.SQL("" if is_first else " NOWAIT")))
                is_first = False
    except psycopg.errors.LockNotAvailable:
        if is_first:  # the user's lock_timeout
            raise
        return table
    return None


def _words(tasks: Iterable[Task]) -> Collection[str] | None:
    """All words of their scripts; None if nobody knows them."""
    names: set[str] = set()
    for task in tasks:
        for script in (task.script, task.opposite):
            words = words_of(script.sql) if script is not None else frozenset[str]()
            if words is None:
                return None
            names |= words
    return sorted(names)
