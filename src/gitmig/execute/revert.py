"""Reverts that are believed only when the schema agrees, and the ways back in the order in which they are tried.

    all steps at once, and one look at the end: what is left undone is put right there
        a step: its down as it is written
                its down once more, if something was left undone by the downs before it, and put right
                the computed difference between the schemas above and below it
                the down and what it leaves undone as one step, if it took values of columns that stay
    one step after the other, each believed for itself
        a step: its down, and the computed difference for what that leaves undone
                the computed difference alone

What a way has done is taken back before the next one is tried. Schemas that have to be built are built between two
ways, while nothing is locked: another session builds them, and must not wait for this one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from gitmig.execute.blame import blamed, share
from gitmig.execute.repair import Repair, Transformation, Unrepairable, Way, computed, is_hopeless, left_undone
from gitmig.execute.script import ScriptRun
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.migrations.languages.program import TOOLS
from gitmig.postgres.run_sql import ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import ObjectKind, ObjectName, schema_difference
from gitmig.schema.names import quoted
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from gitmig.execute.repair import Expectation
    from gitmig.execute.script import StepScript
    from gitmig.execute.step_runner import StepRunner
    from gitmig.execute.tasks import Done, RevertTask
    from gitmig.postgres.connection import Connection
    from gitmig.rows.items import Kept
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


class TookTooMuch(LeadsNowhere):
    """The downs at these positions took the values of columns that are to be there afterwards."""

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


class Reverter(Struct, frozen=True):
    """Reverts inside the open transaction of an executor."""

    connection: Connection
    expected: Expectation
    runner: StepRunner

    def revert(self, tasks: Sequence[RevertTask]) -> list[Done]:
        """Revert the tasks, newest first, so that the schema is exactly that of the stack below them.

        Raises Unrepairable, or ScriptError where nothing can be tried.
        """
        return first_that_succeeds(self.connection, self._strategies(tasks)) or []

    def _strategies(self, tasks: Sequence[RevertTask]) -> Iterator[Strategy[list[Done]]]:
        every = range(tasks[-1].reached, tasks[0].row.position)
        wanted = self.expected.fingerprint(every.start)
        if without_down := [task for task in tasks if not _has_down(task)]:
            places = {place for task in without_down for place in (task.reached, task.row.position)}
            self.expected.prepare(places & {*every})
        all_at_once, further = _AllAtOnce(self, tasks, wanted), iter([range(0), every])
        yield all_at_once
        while all_at_once.missing and (more := range(0) if all_at_once.joined else next(further, None)) is not None:
            self.expected.prepare({*all_at_once.missing, *more})
            yield all_at_once
        self.expected.prepare(every)
        yield _OneByOne(self, tasks)

    def transformation(self, task: RevertTask, found: Schema, wanted: Schema, *, whole: bool) -> Transformation:
        """The computed difference for a task; `whole`: nothing of what its up renamed has been taken back so far."""
        undos = [task.undo(whole=whole)]
        return Transformation.between(self.connection, found, wanted, renames=task.guesses, undos=undos)

    def read(self) -> Schema:
        """The schema as it is now, and what needs what, for a difference that may have to be computed."""
        return read_schema(self.connection, self.expected.fingerprinter.ignore, edges=True)

    def look_again(self) -> Schema:
        """The schema as it is now, to see whether it is the one that is wanted."""
        return read_schema(self.connection, self.expected.fingerprinter.ignore)


class _AllAtOnce:
    """One run through all the tasks, to the schema with the `wanted` fingerprint, measured once at its end.

    `missing` are positions of schemas that have to be built before it can run. A down that takes values of columns
    which are to stay becomes one step with what it leaves undone, so that these get the values back; `joined`: another
    one has.
    """

    def __init__(self, reverter: Reverter, tasks: Sequence[RevertTask], wanted: str) -> None:
        self.missing: Collection[int] = ()
        self.joined = False
        self._in_one: set[int] = set()
        self._reverter = reverter
        self._expected = reverter.expected
        self._tasks = tasks
        self._wanted = wanted
        self._done: list[Done] = []
        self._known: Schema | None = None  # what the schema must be now, if the last script was a computed one

    def run(self) -> list[Done]:
        """Revert all. Raises ScriptError, LeadsNowhere."""
        self._done, self._known = [], None
        for task in self._tasks:
            self._done.append(self._revert(task))
        fingerprint, bottom = self._expected.fingerprinter.fingerprint, self._tasks[-1].reached
        there = self._known = self._reverter.read()
        if fingerprint(there) != self._wanted and self._put_right(bottom):
            there = self._reverter.look_again()
            if left := schema_difference(self._expected.schema(bottom), there):
                raise Elsewhere(left)
        return [*self._done[:-1], replace(self._done[-1], fingerprint=fingerprint(there))]

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Go on with the next way, unless the transaction is lost."""
        if isinstance(failure, ScriptError) and is_hopeless(failure):
            raise failure
        self.missing, self.joined = (), isinstance(failure, TookTooMuch)
        if isinstance(failure, NotAtHand):
            self.missing = failure.positions
        elif isinstance(failure, TookTooMuch):
            self._in_one |= set(failure.positions)
            self.missing = {place for position in self._in_one for place in (position - 1, position)}

    def _revert(self, task: RevertTask) -> Done:
        done = first_that_succeeds(self._reverter.connection, self._ways(task, []))
        if done is None:
            raise LeadsNowhere
        self._known = self._expected.schema(task.reached) if done.repair else None
        return done

    def _ways(self, task: RevertTask, reasons: list[str]) -> Iterator[Strategy[Done]]:
        position, reverter = task.row.position, self._reverter
        if position in self._in_one:
            self._need(task.reached)
            if self._done:
                self._put_right(position)
            yield _Completed(reverter, task, reasons, _Rest(reverter, task, reverter.runner.own_script(task)))
        elif _has_down(task):
            yield _Down(reverter, task, reasons)
            if self._done and self._put_right(position):
                yield _Down(reverter, task, reasons)
        self._need(task.reached)
        if self._done:
            self._put_right(position)
        found, wanted = self._known or reverter.read(), self._expected.schema(task.reached)
        yield _Instead(reverter, task, reasons, reverter.transformation(task, found, wanted, whole=True))

    def _put_right(self, position: int) -> bool:
        """Do what the downs that ran have left undone on the way to the schema at `position`; whether that was any."""
        self._need(position)
        found, wanted = self._known or self._reverter.read(), self._expected.schema(position)
        left = schema_difference(wanted, found)
        if not left:
            self._known = found
            return False
        if too_much := self._took_too_much(left):
            raise TookTooMuch(too_much)
        tasks = self._tasks[: len(self._done)]
        owners = blamed(left, found, wanted, [task.row.up_sql or task.row.up for task in tasks])
        guesses, undos = any(task.guesses for task in tasks), [task.undo(whole=False) for task in tasks]
        connection = self._reverter.connection
        try:
            with connection.transaction():
                settle_constraints(connection)
                for place, statements in computed(found, wanted, renames=guesses, undos=undos).parts(owners):
                    more = self._reverter.runner.supplement(tasks[place], Transformation(connection, statements))
                    self._done[place] = self._done[place].with_rows(more)
        except ScriptError as failure:
            if is_hopeless(failure):
                raise
            raise Elsewhere(left) from failure
        self._note_repairs(left, owners)
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

    def _note_repairs(self, left: SchemaDifference, owners: Mapping[ObjectName, int]) -> None:
        """Say of the steps that left something undone what that was."""
        for place in set(owners.values()):
            reason = left_undone(share(left, {name for name, owner in owners.items() if owner == place}))
            done = self._done[place]
            self._done[place] = replace(done, repair=done.repair or Repair(way=Way.COMPLETED, reason=reason))

    def _need(self, position: int) -> None:
        if not self._expected.is_at_hand(position):
            raise NotAtHand({position})


class _OneByOne:
    """The tasks one after the other, each of which has to lead to the schema below it."""

    def __init__(self, reverter: Reverter, tasks: Sequence[RevertTask]) -> None:
        self._reverter = reverter
        self._tasks = tasks

    def run(self) -> list[Done]:
        """Revert all. Raises Unrepairable for the first of them that no way undoes."""
        return [self._revert(task) for task in self._tasks]

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Leave it at that: it is the last way."""
        raise failure

    def _revert(self, task: RevertTask) -> Done:
        reasons: list[str] = []
        done = first_that_succeeds(self._reverter.connection, self._ways(task, reasons))
        if done is None:
            raise Unrepairable(label=task.step.label, reasons=tuple(reasons))
        return done

    def _ways(self, task: RevertTask, reasons: list[str]) -> Iterator[Strategy[Done]]:
        if task.script:
            down = self._reverter.runner.own_script(task)
            yield _Completed(self._reverter, task, reasons, _Rest(self._reverter, task, down))
        yield _Instead(self._reverter, task, reasons, _Rest(self._reverter, task))


class _StepStrategy(Struct):
    """One way to revert one step; `reasons` says why those before it led nowhere."""

    reverter: Reverter
    task: RevertTask
    reasons: list[str]

    @property
    def in_down(self) -> bool:
        """Whether the step's own down is what failed."""
        return False

    def failed(self, failure: ScriptError | LeadsNowhere) -> None:
        """Note why; a down that has to run outside a transaction is not wrong."""
        if isinstance(failure, ScriptError):
            goes_outside = self.in_down and self.task.in_parts and failure.sqlstate in TOO_MUCH_FOR_ONE
            if goes_outside or is_hopeless(failure):
                raise failure
            self.reasons.append(self._told(failure))
        elif isinstance(failure, Elsewhere):
            self.reasons.append(f"after the computed difference {first_few(failure.left.names)} would still differ")

    def _told(self, error: ScriptError) -> str:
        if self.in_down:
            return f"its down fails at {self.task.path}:{error.line}: {error.message}"
        return f"the computed difference fails: {error.message}: {' '.join(error.statement.split())[:120]}"


class _Down(_StepStrategy):
    """Its down as it is written, believed for now: somebody looks later where that has led."""

    @property
    def in_down(self) -> bool:
        """Nothing else runs."""
        return True

    def run(self) -> Done:
        """Run the down."""
        return self.reverter.runner.run_as_written(self.task)


class _Completed(_StepStrategy):
    """Its down and the computed difference for what that leaves undone, as one script."""

    script: _Rest

    @property
    def in_down(self) -> bool:
        """Whether the script has not come further than that."""
        return self.script.in_down

    def run(self) -> Done:
        """Run it."""
        settle_constraints(self.reverter.connection)
        done = self.reverter.runner.run(self.task, self.script)
        undone = self.script.undone
        return replace(done, repair=Repair(way=Way.COMPLETED, reason=undone)) if undone else done


class _Instead(_StepStrategy):
    """What can be computed, instead of its down."""

    script: StepScript

    def run(self) -> Done:
        """Run it."""
        settle_constraints(self.reverter.connection)
        done = self.reverter.runner.run(self.task, self._script_and_note())
        without = "its down has no statement" if self.task.script else "it has no down"
        return replace(done, repair=Repair(way=Way.COMPUTED, reason=[*self.reasons, without][0]))

    def _script_and_note(self) -> StepScript:
        """The script; and where another tool notes what is applied, that tool takes note of it."""
        up = self.task.row.content.up
        if up.language.name not in TOOLS:
            return self.script
        return _Noted(self.script, ScriptRun(self.reverter.connection, replace(up, section="forget"), None))


class _Noted(Struct, frozen=True):
    """A script, and another tool's note that it ran."""

    script: StepScript
    note: ScriptRun

    @property
    def text(self) -> str | None:
        """The script's."""
        return self.script.text

    def run(self) -> None:
        """Run both. Raises ScriptError, Elsewhere."""
        self.script.run()
        self.note.run()


class _Rest(Struct):
    """The step's own `down`, if it begins with that, and whatever is then left to do for the schema below the step.

    It may run twice. `undone` says what the down has left; `in_down` is True while that runs, and stays so if it fails.
    """

    reverter: Reverter
    task: RevertTask
    down: ScriptRun | None = None
    undone: str = ""
    in_down: bool = False

    @property
    def text(self) -> None:
        """Nobody knows before the down has run."""

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError, Elsewhere."""
        if self.down:
            self.in_down = True
            self.down.run()
            self.in_down = False
        wanted, found = self.reverter.expected.schema(self.task.reached), self.reverter.read()
        if left := schema_difference(wanted, found):
            self.undone = self.undone or left_undone(left)
            self.reverter.transformation(self.task, found, wanted, whole=self.down is None).run()
            if still := schema_difference(wanted, self.reverter.look_again()):
                raise Elsewhere(still)


def _taken_from(kept: Kept) -> set[ObjectName]:
    """The columns that are gone, and of which the values are kept. Rows of whole tables find their way back anyway."""
    table = f"{quoted(kept.table.schema)}.{quoted(kept.table.name)}"
    return {ObjectName(ObjectKind.COLUMN, f"{table}.{quoted(column)}") for column in kept.columns}


def _has_down(task: RevertTask) -> bool:
    """Whether there is a down to begin with. One without a statement undoes nothing, which suits an up about rows."""
    return task.script is not None and not (task.script.is_blank and CHANGES_SCHEMA.search(task.row.up))
