"""Reverts that are believed only when the schema agrees, and the ways back in the order in which they are tried.

    all steps at once, and one look at the end: what is left undone is put right there
        a step: its down as it is written
                its down once more, if something was left undone by the downs before it, and put right
                the computed difference between the schemas above and below it
    one step after the other, each believed for itself
        a step: its down, and the computed difference for what that leaves undone
                the computed difference alone

What a way has done is taken back before the next one is tried. Schemas that have to be built are built between two
ways, while nothing is locked: another session builds them, and must not wait for this one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from gitmig.execute.blame import blamed, share
from gitmig.execute.repair import Repair, Transformation, Unrepairable, Way, computed, is_hopeless, left_undone, named
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.postgres.run_sql import ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import schema_difference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from gitmig.execute.repair import Expectation
    from gitmig.execute.script import ScriptRun
    from gitmig.execute.step_runner import StepRunner
    from gitmig.execute.tasks import Done, RevertTask
    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import Schema, SchemaDifference

# The words of statements that may change the schema.
CHANGES_SCHEMA = re.compile(
    r"\b(?:create|alter|drop|comment|grant|revoke|do|select|call|execute|security|import)\b", re.IGNORECASE
)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class LeadsNowhere(Exception):
    """The way does not lead to the schema that is wanted."""


class Elsewhere(LeadsNowhere):
    """The scripts ran, and the schema is not the one they should lead to, but for what is `left`."""

    def __init__(self, left: SchemaDifference) -> None:
        super().__init__()
        self.left = left


class NotAtHand(LeadsNowhere):
    """The schemas at these positions have to be built first."""

    def __init__(self, positions: Collection[int]) -> None:
        super().__init__()
        self.positions = positions


class Strategy(Protocol[T_co]):
    """One way to revert something."""

    def run(self) -> T_co:
        """Go it. Raises ScriptError, LeadsNowhere, Unrepairable."""

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Note the failure, which was rolled back; raises it again if no other way may be tried after it."""


def first_that_succeeds(connection: Connection, strategies: Iterable[Strategy[T]]) -> T | None:
    """What the first strategy gives that gets to its end; None if none does."""
    for strategy in strategies:
        try:
            with connection.transaction():
                return strategy.run()
        except (ScriptError, LeadsNowhere) as failure:
            strategy.failed(failure)
    return None


class Reverter:
    """Reverts inside the open transaction of an executor."""

    def __init__(self, connection: Connection, expected: Expectation, runner: StepRunner) -> None:
        self._connection = connection
        self._expected = expected
        self._runner = runner

    def revert(self, tasks: Sequence[RevertTask]) -> list[Done]:
        """Revert the tasks, newest first, so that the schema is exactly that of the stack below them.

        Raises Unrepairable, or ScriptError where nothing can be tried.
        """
        return first_that_succeeds(self._connection, self._strategies(tasks)) or []

    def _strategies(self, tasks: Sequence[RevertTask]) -> Iterator[Strategy[list[Done]]]:
        every = range(tasks[-1].reached, tasks[0].row.position)
        wanted = self._expected.fingerprint(every.start)
        if without_down := [task for task in tasks if not _has_down(task)]:
            places = {place for task in without_down for place in (task.reached, task.row.position)}
            self._expected.prepare(places & {*every})
        all_at_once = _AllAtOnce(self._connection, self._expected, self._runner, tasks, wanted)
        yield all_at_once
        for more in ((), every):
            if all_at_once.missing:
                self._expected.prepare({*all_at_once.missing, *more})
                yield all_at_once
        self._expected.prepare(every)
        yield _OneByOne(self._connection, self._expected, self._runner, tasks)


class _AllAtOnce:
    """One run through all the tasks, measured once at its end. `missing` are positions of schemas to be built first."""

    def __init__(
        self,
        connection: Connection,
        expected: Expectation,
        runner: StepRunner,
        tasks: Sequence[RevertTask],
        wanted: str,
    ) -> None:
        self.missing: Collection[int] = ()
        self._connection = connection
        self._expected = expected
        self._runner = runner
        self._tasks = tasks
        self._wanted = wanted
        self._done: list[Done] = []
        self._known: Schema | None = None  # what the schema must be now, if the last script was a computed one

    def run(self) -> list[Done]:
        """Revert all, to the schema with the `wanted` fingerprint."""
        self._done, self._known = [], None
        for task in self._tasks:
            self._done.append(self._revert(task))
        gauge, bottom = self._expected.gauge, self._tasks[-1].reached
        self._known = None
        there = self._found()
        if gauge.fingerprint(there) != self._wanted and self._left_at(bottom, there):
            self._put_right(bottom)
            there = read_schema(self._connection, gauge.ignore)
            if left := self._left_at(bottom, there):
                raise Elsewhere(left)
        return [*self._done[:-1], replace(self._done[-1], fingerprint=gauge.fingerprint(there))]

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Go on with the next way, unless the transaction is lost."""
        if isinstance(failure, ScriptError) and is_hopeless(failure):
            raise failure
        self.missing = failure.positions if isinstance(failure, NotAtHand) else ()

    def _revert(self, task: RevertTask) -> Done:
        done = first_that_succeeds(self._connection, self._ways(task, []))
        if done is None:
            raise LeadsNowhere
        self._known = self._expected.schema(task.reached) if done.repair else None
        return done

    def _ways(self, task: RevertTask, reasons: list[str]) -> Iterator[Strategy[Done]]:
        position = task.row.position
        if _has_down(task):
            yield _AsWritten(runner=self._runner, task=task, reasons=reasons)
            if self._done and self._put_right(position):
                yield _AsWritten(runner=self._runner, task=task, reasons=reasons)
        self._need({task.reached})
        if self._done:
            self._put_right(position)
        found, wanted = self._found(), self._expected.schema(task.reached)
        yield _Computed(
            runner=self._runner,
            task=task,
            reasons=reasons,
            connection=self._connection,
            found=found,
            wanted=wanted,
            ignore=None,
        )

    def _put_right(self, position: int) -> bool:
        """Do what the downs that ran have left undone on the way to the schema at `position`; whether that was any."""
        self._need({position})
        found, wanted = self._found(), self._expected.schema(position)
        left = schema_difference(wanted, found)
        if not left:
            return False
        tasks = self._tasks[: len(self._done)]
        owners = blamed(left, found, wanted, [task.row.up for task in tasks])
        guesses, undos = any(task.guesses for task in tasks), [task.undo(whole=False) for task in tasks]
        try:
            with self._connection.transaction():
                settle_constraints(self._connection)
                for place, statements in computed(found, wanted, renames=guesses, undos=undos).parts(owners):
                    more = self._runner.supplement(tasks[place], Transformation(self._connection, statements))
                    self._done[place] = self._done[place].with_rows(more)
        except ScriptError as failure:
            if is_hopeless(failure):
                raise
            raise Elsewhere(left) from failure
        for place in set(owners.values()):
            reason = left_undone(share(left, {name for name, owner in owners.items() if owner == place}))
            done = self._done[place]
            self._done[place] = replace(done, repair=done.repair or Repair(way=Way.COMPLETED, reason=reason))
        self._known = wanted
        return True

    def _left_at(self, position: int, found: Schema) -> SchemaDifference:
        """What the downs that ran have left undone on the way to the schema at `position`."""
        self._need({position})
        return schema_difference(self._expected.schema(position), found)

    def _found(self) -> Schema:
        if self._known is None:
            self._known = read_schema(self._connection, self._expected.gauge.ignore, edges=True)
        return self._known

    def _need(self, positions: Collection[int]) -> None:
        if missing := {position for position in positions if not self._expected.is_at_hand(position)}:
            raise NotAtHand(missing)


class _OneByOne:
    """The tasks one after the other, each of which has to lead to the schema below it."""

    def __init__(
        self, connection: Connection, expected: Expectation, runner: StepRunner, tasks: Sequence[RevertTask]
    ) -> None:
        self._connection = connection
        self._expected = expected
        self._runner = runner
        self._tasks = tasks

    def run(self) -> list[Done]:
        """Revert all. Raises Unrepairable for the first of them that no way undoes."""
        return [self._revert(task) for task in self._tasks]

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Leave it at that: it is the last way."""
        raise failure

    def _revert(self, task: RevertTask) -> Done:
        reasons: list[str] = []
        done = first_that_succeeds(self._connection, self._ways(task, reasons))
        if done is None:
            raise Unrepairable(label=task.step.label, reasons=tuple(reasons))
        return done

    def _ways(self, task: RevertTask, reasons: list[str]) -> Iterator[Strategy[Done]]:
        ignore, wanted = self._expected.gauge.ignore, self._expected.schema(task.reached)
        if task.script:
            yield _Completed(
                runner=self._runner,
                task=task,
                reasons=reasons,
                script=_DownAndRest(self._runner.own_script(task), task, wanted, self._connection, ignore),
            )
        found = read_schema(self._connection, ignore, edges=True)
        yield _Computed(
            runner=self._runner,
            task=task,
            reasons=reasons,
            connection=self._connection,
            found=found,
            wanted=wanted,
            ignore=ignore,
        )


@dataclass(kw_only=True)
class _StepStrategy:
    """What the ways to revert one step share; `reasons` says why those before it led nowhere."""

    runner: StepRunner
    task: RevertTask
    reasons: list[str]

    @property
    def in_down(self) -> bool:
        """Whether the step's own down runs, or is what failed."""
        return False

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Note why; a down that has to run outside a transaction is not wrong."""
        if isinstance(failure, ScriptError):
            goes_outside = self.in_down and self.task.in_parts and failure.sqlstate in TOO_MUCH_FOR_ONE
            if goes_outside or is_hopeless(failure):
                raise failure
            if self.in_down:
                reason = f"its down fails at {self.task.path}:{failure.line}: {failure.message}"
            else:
                statement = " ".join(failure.statement.split())[:120]
                reason = f"the computed difference fails: {failure.message}: {statement}"
            self.reasons.append(reason)
        elif isinstance(failure, Elsewhere):
            self.reasons.append(f"after the computed difference {named(failure.left.names)} would still differ")


class _AsWritten(_StepStrategy):
    """Its down, believed for now: somebody looks later where that has led."""

    @property
    def in_down(self) -> bool:
        """Nothing else runs."""
        return True

    def run(self) -> Done:
        """Run the down."""
        return self.runner.run_as_written(self.task)


@dataclass(kw_only=True)
class _Computed(_StepStrategy):
    """The computed difference from the schema above a step, which is `found`, to the one below it.

    With `ignore`, the patterns of what nobody looks at, it is seen at once that it leads there.
    """

    connection: Connection
    found: Schema
    wanted: Schema
    ignore: tuple[str, ...] | None

    def run(self) -> Done:
        """Run it instead of the down."""
        settle_constraints(self.connection)
        undo = self.task.undo(whole=True)
        script = Transformation.between(
            self.connection, self.found, self.wanted, renames=self.task.guesses, undos=[undo]
        )
        done = self.runner.run(self.task, script)
        if self.ignore is not None and (left := _left(self.connection, self.wanted, self.ignore)):
            raise Elsewhere(left)
        without = "its down has no statement" if self.task.script else "it has no down"
        return replace(done, repair=Repair(way=Way.COMPUTED, reason=[*self.reasons, without][0]))


@dataclass(kw_only=True)
class _Completed(_StepStrategy):
    """Its down and what that leaves undone, as one script."""

    script: _DownAndRest

    @property
    def in_down(self) -> bool:
        """Whether it has not come further than that."""
        return self.script.in_down

    def run(self) -> Done:
        """Run it, and see that it leads there."""
        settle_constraints(self.script.connection)
        done = self.runner.run(self.task, self.script)
        if left := self.script.left():
            raise Elsewhere(left)
        return (
            replace(done, repair=Repair(way=Way.COMPLETED, reason=self.script.undone)) if self.script.undone else done
        )


@dataclass(slots=True)
class _DownAndRest:
    """A down and, computed once it has run, what it leaves undone on the way to the wanted schema.

    It may run twice. `undone` says what it left; `in_down` is True while the down runs, and stays so if it fails.
    """

    down: ScriptRun
    task: RevertTask
    wanted: Schema
    connection: Connection
    ignore: tuple[str, ...]
    undone: str = field(default="", init=False)
    in_down: bool = field(default=False, init=False)
    is_there: bool = field(default=False, init=False)

    @property
    def text(self) -> None:
        """Nobody knows before the down has run."""

    def run(self) -> None:
        """Run both. Raises ScriptError."""
        self.in_down = True
        self.down.run()
        self.in_down = False
        left = _left(self.connection, self.wanted, self.ignore)
        self.is_there = not left
        if left:
            self.undone = self.undone or left_undone(left)
            found, undo = read_schema(self.connection, self.ignore, edges=True), self.task.undo(whole=False)
            Transformation.between(self.connection, found, self.wanted, renames=self.task.guesses, undos=[undo]).run()

    def left(self) -> SchemaDifference | None:
        """What still differs, None if nothing does."""
        return None if self.is_there else _left(self.connection, self.wanted, self.ignore) or None


def _left(connection: Connection, wanted: Schema, ignore: tuple[str, ...]) -> SchemaDifference:
    return schema_difference(wanted, read_schema(connection, ignore))


def _has_down(task: RevertTask) -> bool:
    """Whether there is a down to begin with. One without a statement undoes nothing, which suits an up about rows."""
    return task.script is not None and not (task.script.is_blank and CHANGES_SCHEMA.search(task.row.up))
