"""Reverts that are believed only when the schema agrees: as the downs say, or else repaired.

First all downs run as they are written, and one look at the end tells where that leads; what they left undone is put
right there, by the computed difference. A down that fails, or is missing, is replaced where it stands. Only where that
leads nowhere are the steps taken again, one by one, each believed for itself.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from gitmig.core.difference.names import quoted
from gitmig.core.plan import Direction
from gitmig.core.repair import Repair, Way, blamed, expanded, left_undone, named, share
from gitmig.core.schema import ObjectName, schema_difference
from gitmig.database.catalogs import read_schema
from gitmig.database.piecewise import OUTSIDE_ONLY
from gitmig.database.refusals import TOO_MUCH_FOR_ONE
from gitmig.database.repairing import Attempt, Elsewhere, Transformation, computed, down_failed
from gitmig.database.sending import HOPELESS, ScriptError
from gitmig.rows.constraints import settle_constraints

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from gitmig.core.renamings import Undo
    from gitmig.core.schema import Schema, SchemaDifference
    from gitmig.database.book import Done
    from gitmig.database.connection import Connection
    from gitmig.database.gauge import Gauge
    from gitmig.database.ledger import Row
    from gitmig.database.stepping import Stepper
    from gitmig.database.tasks import Task
    from gitmig.rows.items import Kept, Report


# The words of statements that may change the schema.
CHANGES_SCHEMA = re.compile(
    r"\b(?:create|alter|drop|comment|grant|revoke|do|select|call|execute|security|import)\b", re.IGNORECASE
)


class Expectation(Protocol):
    """Knows what the schema shall be where the stack ends at a position."""

    gauge: Gauge

    def fingerprint(self, position: int) -> str:
        """Its fingerprint there."""

    def schema(self, position: int) -> Schema:
        """All of it."""

    def is_at_hand(self, position: int) -> bool:
        """Whether `schema` can answer without building anything."""

    def prepare(self, positions: Collection[int]) -> None:
        """Make ready for `schema` to be asked for these positions."""

    def beyond(self, keep: int, rows: Sequence[Row], found: Schema) -> Expectation:
        """The same for a stack of which `keep` migrations stay, with those of the rows on top; they made `found`."""


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

    def __init__(self, connection: Connection, expected: Expectation, stepper: Stepper) -> None:
        self._connection = connection
        self._expected = expected
        self._stepper = stepper

    def revert(self, tasks: Sequence[Task]) -> list[Done]:
        """Revert the tasks, newest first, so that the schema is exactly that of the stack below them.

        Raises Unrepairable, or ScriptError where nothing can be tried.
        """
        bottom, top = tasks[-1].row.position - 1, tasks[0].row.position
        # before the downs take locks: another session may have to build for it, and must not wait for this one
        wanted = self._expected.fingerprint(bottom)
        if without_down := [task.row.position for task in tasks if not _has_down(task)]:
            places = {place for position in without_down for place in (position - 1, position)}
            self._expected.prepare(places & {*range(bottom, top)})
        further: Iterator[Collection[int]] = iter(((), range(bottom, top)))
        in_one: set[int] = set()
        while True:
            try:
                with self._connection.transaction():
                    return _AllAtOnce(self._connection, self._expected, self._stepper, tasks, in_one).run(wanted)
            except _NotAtHand as needed:
                more = next(further, None)
                if more is None:
                    break
                self._expected.prepare({*needed.positions, *more})
            except _TookTooMuch as found:
                in_one |= set(found.positions)
                self._expected.prepare({place for position in in_one for place in (position - 1, position)})
            except ScriptError as failure:
                _raise_if_hopeless(failure)
                break
            except Elsewhere:
                break
        self._expected.prepare(range(bottom, top))
        return [self._stepwise(task) for task in tasks]

    def complete(self, task: Task, done: Done) -> Done:
        """Put right what a script that ran has left otherwise than a fresh build has it. Raises Unrepairable."""
        direction = task.step.direction
        position = task.row.position - (direction is Direction.REVERT)
        try:
            left = self._put_right(
                position,
                task.step.label,
                lambda script: self._stepper.run(task, script, script.text),
                renames=task.guesses if direction is Direction.REVERT else task.renames,
                undos=[task.undo(whole=False)] if direction is Direction.REVERT else [],
            )
        except Unrepairable as failure:
            failure.direction = direction
            raise
        if not left:
            return done
        reason = left_undone(left) if direction is Direction.REVERT else expanded(left)
        return replace(done, repair=Repair(way=Way.COMPLETED, reason=reason))

    def restore(self, position: int, run: Callable[[Transformation], None]) -> None:
        """Take back whatever was changed since the stack ended at `position`. Raises Unrepairable."""
        self._put_right(position, "what was changed by hand", run)

    def _put_right(
        self,
        position: int,
        label: str,
        run: Callable[[Transformation], object],
        *,
        renames: bool = True,
        undos: Sequence[Undo] = (),
    ) -> SchemaDifference | None:
        """Run the computed difference to the schema at `position`; what differed, None if nothing did."""
        wanted, found = self._expected.schema(position), self._read()
        left = schema_difference(wanted, found)
        if not left:
            return None
        try:
            run(Transformation.between(self._connection, found, wanted, renames=renames, undos=undos))
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
                    done = self._stepper.run(task, attempt, None)
                    attempt.verify()
            except ScriptError as error:
                if attempt.in_down:
                    _raise_if_outside(task, error)
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

    def _read(self) -> Schema:
        return read_schema(self._connection, self._expected.gauge.ignore, edges=True)


class _AllAtOnce:
    """One run through all the tasks, measured once at its end. What it raises leaves everything to be rolled back.

    At the positions `in_one` the down and what it leaves undone are one step.
    """

    def __init__(
        self,
        connection: Connection,
        expected: Expectation,
        stepper: Stepper,
        tasks: Sequence[Task],
        in_one: Collection[int],
    ) -> None:
        self._connection = connection
        self._expected = expected
        self._stepper = stepper
        self._tasks = tasks
        self._in_one = in_one
        self._done: list[Done] = []
        self._known: Schema | None = None  # what the schema must be now, if the last script was a computed one

    def run(self, wanted: str) -> list[Done]:
        """Revert all, to the schema with the `wanted` fingerprint.

        Raises _NotAtHand, _TookTooMuch, ScriptError, Elsewhere.
        """
        for task in self._tasks:
            self._done.append(self._revert(task))
        gauge, bottom = self._expected.gauge, self._tasks[-1].row.position - 1
        self._known = None
        there = self._found()
        if gauge.fingerprint(there) != wanted and self._left_at(bottom, there):
            self._put_right(bottom)
            there = read_schema(self._connection, gauge.ignore)
            if left := self._left_at(bottom, there):
                raise Elsewhere(left)
        return [*self._done[:-1], replace(self._done[-1], fingerprint=gauge.fingerprint(there))]

    def _left_at(self, position: int, found: Schema) -> SchemaDifference:
        """What the downs that ran have left undone on the way to the schema at `position`."""
        self._need({position})
        return schema_difference(self._expected.schema(position), found)

    def _revert(self, task: Task) -> Done:
        """By its down as it is written, or by what can be computed in the place of one that fails or is missing."""
        if not _has_down(task):
            return self._compute(task, "its down has no statement" if task.script else "it has no down")
        if task.row.position in self._in_one:
            return self._completed_at_once(task)
        try:
            return self._as_written(task)
        except ScriptError as failure:
            _raise_if_hopeless(failure)
            _raise_if_outside(task, failure)
            reason = down_failed(task, failure)
        # what the downs before it have left undone may be what it fails on
        if self._done and self._put_right(task.row.position):
            with suppress(ScriptError):
                return self._as_written(task)
        return self._compute(task, reason)

    def _as_written(self, task: Task) -> Done:
        with self._connection.transaction():
            done = self._stepper.run_as_written(task)
        self._known = None
        return done

    def _completed_at_once(self, task: Task) -> Done:
        """By its down and what that leaves undone, as one step."""
        position = task.row.position
        self._need({position - 1})
        if self._done:
            self._put_right(position)
        wanted, ignore = self._expected.schema(position - 1), self._expected.gauge.ignore
        attempt = Attempt(Way.COMPLETED, task, wanted, self._connection, ignore)
        with self._connection.transaction():
            settle_constraints(self._connection)
            done = self._stepper.run(task, attempt, None)
            attempt.verify()
        self._known = None
        return replace(done, repair=Repair(way=attempt.way, reason=attempt.reason)) if attempt.reason else done

    def _compute(self, task: Task, reason: str) -> Done:
        """Revert a task by the difference between the schemas above and below it."""
        position = task.row.position
        self._need({position - 1})
        if self._done:
            self._put_right(position)
        found, wanted = self._found(), self._expected.schema(position - 1)
        with self._connection.transaction():
            settle_constraints(self._connection)
            undo = task.undo(whole=True)
            script = Transformation.between(self._connection, found, wanted, renames=task.guesses, undos=[undo])
            done = self._stepper.run(task, script, script.text)
        self._known = wanted
        return replace(done, repair=Repair(way=Way.COMPUTED, reason=reason))

    def _put_right(self, position: int) -> bool:
        """Do what the downs that ran have left undone on the way to the schema at `position`; whether that was any."""
        self._need({position})
        found, wanted = self._found(), self._expected.schema(position)
        left = schema_difference(wanted, found)
        if not left:
            return False
        if too_much := self._took_too_much(left):
            raise _TookTooMuch(too_much)
        owners = blamed(left, found, wanted, [task.row.up for task in self._tasks[: len(self._done)]])
        tasks = self._tasks[: len(self._done)]
        guesses, undos = any(task.guesses for task in tasks), [task.undo(whole=False) for task in tasks]
        try:
            with self._connection.transaction():
                settle_constraints(self._connection)
                for place, statements in computed(found, wanted, renames=guesses, undos=undos).parts(owners):
                    script = Transformation(self._connection, statements)
                    self._complete(place, self._stepper.supplement(self._tasks[place], script, script.text))
        except ScriptError as failure:
            _raise_if_hopeless(failure)
            raise Elsewhere(left) from failure
        for place in set(owners.values()):
            self._blame(place, share(left, {name for name, owner in owners.items() if owner == place}))
        self._known = wanted
        return True

    def _took_too_much(self, left: SchemaDifference) -> set[int]:
        """The positions of downs that took the values of columns which are to be there afterwards.

        The columns will be made anew, and get the values only in a step that begins before the down.
        """
        missing = set(left.missing)
        return {
            task.row.position
            for task, done in zip(self._tasks, self._done)
            if task.row.position not in self._in_one
            and any(not missing.isdisjoint(_taken_from(kept)) for kept in done.rows.kept)
        }

    def _complete(self, place: int, rows: Report) -> None:
        done = self._done[place]
        self._done[place] = replace(done, rows=done.rows_with(rows))

    def _blame(self, place: int, left: SchemaDifference) -> None:
        done = self._done[place]
        self._done[place] = replace(done, repair=done.repair or Repair(way=Way.COMPLETED, reason=left_undone(left)))

    def _found(self) -> Schema:
        if self._known is None:
            self._known = read_schema(self._connection, self._expected.gauge.ignore, edges=True)
        return self._known

    def _need(self, positions: Collection[int]) -> None:
        if missing := {position for position in positions if not self._expected.is_at_hand(position)}:
            raise _NotAtHand(missing)


class _NotAtHand(Exception):
    """Schemas at these positions are needed, and have to be built while nothing is locked."""

    def __init__(self, positions: Collection[int]) -> None:
        super().__init__()
        self.positions = positions


class _TookTooMuch(Exception):
    """Downs at these positions took the values of columns that are to be there afterwards."""

    def __init__(self, positions: Collection[int]) -> None:
        super().__init__()
        self.positions = positions


def _taken_from(kept: Kept) -> set[ObjectName]:
    """The columns that are gone, and of which the values are kept. Rows of whole tables find their way back anyway."""
    table = f"{quoted(kept.table.schema)}.{quoted(kept.table.name)}"
    return {ObjectName("column", f"{table}.{quoted(column)}") for column in kept.columns}


def _has_down(task: Task) -> bool:
    """Whether there is a down to begin with. One without a statement undoes nothing, which suits an up about rows."""
    return task.script is not None and not (task.script.is_blank and CHANGES_SCHEMA.search(task.row.up))


def _raise_if_outside(task: Task, error: ScriptError) -> None:
    """Its down is not wrong: it runs outside."""
    if task.in_parts and error.sqlstate in TOO_MUCH_FOR_ONE:
        raise error


def _raise_if_hopeless(error: ScriptError) -> None:
    if error.sqlstate in HOPELESS | OUTSIDE_ONLY:
        raise error
