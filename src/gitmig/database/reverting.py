"""Reverts that are believed only when the schema agrees: as the downs say, or else repaired."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import psycopg

from gitmig.core.plan import Direction
from gitmig.core.repair import Repair, Way, expanded, left_undone, named
from gitmig.core.schema import schema_difference
from gitmig.database.catalogs import read_schema
from gitmig.database.piecewise import OUTSIDE_ONLY
from gitmig.database.refusals import TOO_MUCH_FOR_ONE
from gitmig.database.repairing import Attempt, Elsewhere, transform
from gitmig.database.sending import HOPELESS, ScriptError
from gitmig.database.stepping import run_inside
from gitmig.rows.constraints import settle_constraints

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.core.schema import Schema, SchemaDifference
    from gitmig.database.book import Done
    from gitmig.database.connection import Connection
    from gitmig.database.gauge import Gauge
    from gitmig.database.ledger import Row
    from gitmig.database.tasks import Task


class Expectation(Protocol):
    """Knows what the schema shall be where the stack ends at a position."""

    gauge: Gauge

    def fingerprint(self, position: int) -> str:
        """Its fingerprint there."""

    def schema(self, position: int) -> Schema:
        """All of it."""

    def prepare(self, first: int, last: int) -> None:
        """Make ready for `schema` to be asked for every position from `first` to `last`, both included."""

    def beyond(self, keep: int, rows: Sequence[Row], found: Schema) -> Expectation:
        """The same for a stack of which `keep` migrations stay, with those of the rows on top; they made `found`."""


class Run(Protocol):
    """Runs a script for a task in such a way that no row is lost. Raises ScriptError with nothing changed."""

    def __call__(self, task: Task, script: Callable[[], None], *, as_written: bool) -> Done:
        """The task as done; `as_written` says that the script is the task's own and does nothing else."""


@dataclass(kw_only=True, eq=False)
class Unrepairable(Exception):
    """No way leads back to the schema that was there before `label`; `reasons` has one line for each way.

    Or, of an apply, to the schema that a fresh build has with it. `committed` are the steps before it that are done for
    good; `outside`: it ran outside a transaction itself.
    """

    label: str
    reasons: tuple[str, ...]
    direction: Direction = Direction.REVERT
    committed: tuple[Done, ...] = ()
    outside: bool = False


class Reverter:
    """Reverts inside the open transaction of an executor."""

    def __init__(self, connection: Connection, expected: Expectation, run: Run) -> None:
        self._connection = connection
        self._expected = expected
        self._run = run

    def revert(self, tasks: Sequence[Task]) -> list[Done]:
        """Revert the tasks, newest first, so that the schema is exactly that of the stack below them.

        First all downs as they are written, and one look at where that leads. If it leads elsewhere, once more from
        the start, step by step. Raises Unrepairable, or ScriptError where nothing can be tried.
        """
        bottom = tasks[-1].row.position - 1
        if all(task.script for task in tasks):
            # before the downs take locks: another session may have to build for it, and must not wait for this one
            wanted = self._expected.fingerprint(bottom)
            try:
                with self._connection.transaction():
                    done = [self._run(task, self._authored(task), as_written=True) for task in tasks]
                    measured = self._expected.gauge.measure(self._connection).fingerprint
                    if measured == wanted:
                        return [*done[:-1], replace(done[-1], fingerprint=measured)]
                    raise psycopg.Rollback
            except ScriptError as failure:
                _raise_if_hopeless(failure)
        self._expected.prepare(bottom, tasks[0].row.position - 1)
        return [self._stepwise(task) for task in tasks]

    def complete(self, task: Task, done: Done) -> Done:
        """Put right what a script that ran has left otherwise than a fresh build has it. Raises Unrepairable."""
        direction = task.step.direction
        position = task.row.position - (direction is Direction.REVERT)
        try:
            left = self._put_right(
                position,
                task.step.label,
                lambda script: self._run(task, script, as_written=False),
                renames=task.renames,
            )
        except Unrepairable as failure:
            failure.direction = direction
            raise
        if not left:
            return done
        reason = left_undone(left) if direction is Direction.REVERT else expanded(left)
        return replace(done, repair=Repair(way=Way.COMPLETED, reason=reason))

    def restore(self, position: int, run: Callable[[Callable[[], None]], None]) -> None:
        """Take back whatever was changed since the stack ended at `position`. Raises Unrepairable."""
        self._put_right(position, "what was changed by hand", run)

    def _put_right(
        self, position: int, label: str, run: Callable[[Callable[[], None]], object], *, renames: bool = True
    ) -> SchemaDifference | None:
        """Run the computed difference to the schema at `position`; what differed, None if nothing did."""
        wanted, found = self._expected.schema(position), self._read()
        left = schema_difference(wanted, found)
        if not left:
            return None
        try:
            run(lambda: transform(self._connection, found, wanted, renames=renames))
        except ScriptError as error:
            _raise_if_hopeless(error)
            raise Unrepairable(label=label, reasons=(error.message,)) from error
        if still := schema_difference(wanted, self._read()):
            raise Unrepairable(label=label, reasons=(f"{named(still.names)} would still differ",))
        return left

    def _stepwise(self, task: Task) -> Done:
        """Revert one task by the first way that leads to the schema below it."""
        wanted = self._expected.schema(task.row.position - 1)
        reasons: list[str] = []
        for attempt in self._attempts(task, wanted):
            try:
                with self._connection.transaction():
                    settle_constraints(self._connection)
                    done = self._run(task, attempt, as_written=False)
                    attempt.verify()
            except ScriptError as error:
                if attempt.in_down and task.in_parts and error.sqlstate in TOO_MUCH_FOR_ONE:
                    raise  # it is not wrong: it runs outside
                _raise_if_hopeless(error)
                reasons.append(attempt.told(error))
            except Elsewhere as elsewhere:
                reasons.append(attempt.told(elsewhere.left))
            else:
                reasons += [attempt.reason] if attempt.reason else []
                return replace(done, repair=Repair(way=attempt.way, reason=reasons[0])) if reasons else done
        raise Unrepairable(label=task.step.label, reasons=tuple(reasons))

    def _attempts(self, task: Task, wanted: Schema) -> list[Attempt]:
        ignore = self._expected.gauge.ignore
        ways = (Way.COMPLETED, Way.COMPUTED) if task.script else (Way.COMPUTED,)
        return [Attempt(way, task, wanted, self._connection, ignore) for way in ways]

    def _authored(self, task: Task) -> Callable[[], None]:
        return lambda: run_inside(self._connection, task)

    def _read(self) -> Schema:
        return read_schema(self._connection, self._expected.gauge.ignore, edges=True)


def _raise_if_hopeless(error: ScriptError) -> None:
    if error.sqlstate in HOPELESS | OUTSIDE_ONLY:
        raise error
