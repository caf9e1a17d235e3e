"""Putting right, by the computed difference, what a script has left otherwise than a fresh build has it.

A step is believed only when the schema agrees. A revert has to lead to the schema below it. Applies end where a fresh
build does, as they run on the very schema they were written for: all but one thing. A revert cannot put a column back
into its place, only at the end of its table. That is no difference by itself; but a view made with `*` afterwards
spells the columns out in their order.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from msgspec.structs import replace

from gitmig.execute.script import OUTSIDE_ONLY
from gitmig.execute.tasks import ApplyTask
from gitmig.ledger.store import read_added
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.migrations.plan import Direction
from gitmig.postgres.run_sql import HOPELESS, ScriptError, run_computed
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import SchemaDifference, schema_difference
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from gitmig.execute.step_runner import StepRunner
    from gitmig.execute.tasks import Done, Task
    from gitmig.ledger.rows import Row
    from gitmig.migrations.plan import Plan
    from gitmig.postgres.connection import Connection
    from gitmig.schema.compare import ComputedDifference
    from gitmig.schema.fingerprint import Fingerprinter
    from gitmig.schema.model import Schema
    from gitmig.schema.noted_renames import Undo


class Way(Enum):
    """How a migration was reverted, or (the first) applied, where its script alone did not do."""

    COMPLETED = "completed"  # its script ran, and what it had left was put right
    COMPUTED = "computed"  # its down was missing or of no use: the difference of both schemas ran instead


class Repair(Struct, frozen=True, kw_only=True):
    """A step that needed help; `reason` says why, in words for people."""

    way: Way
    reason: str


class Expectation(Protocol):
    """Knows what the schema shall be where the stack ends at a position."""

    fingerprinter: Fingerprinter

    def fingerprint(self, position: int) -> str:
        """Its fingerprint there."""

    def schema(self, position: int) -> Schema:
        """All of it."""

    def is_at_hand(self, position: int) -> bool:
        """Whether `schema` can answer without building anything."""

    def prepare(self, positions: Collection[int]) -> None:
        """Make ready for `schema` to be asked for these positions."""

    def remember(self, rows: Mapping[int, Row]) -> None:
        """Note rows that will leave the ledger, by position, before they do."""

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


def is_hopeless(error: ScriptError) -> bool:
    """Whether after this error nothing else can be tried in the transaction."""
    return error.sqlstate in HOPELESS | OUTSIDE_ONLY


def left_undone(difference: SchemaDifference) -> str:
    """What a down that ran has not undone; `difference` is from the schema that was wanted to the one it left."""
    parts = (("leaves", difference.surplus), ("lacks", difference.missing), ("changes", difference.changed))
    return (
        f"its down does not undo its up: it {'; '.join(f'{word} {first_few(names)}' for word, names in parts if names)}"
    )


def computed(
    found: Schema, wanted: Schema, *, renames: bool = True, undos: Iterable[Undo] = (), added: Collection[str] = ()
) -> ComputedDifference:
    """The difference between two schemas; for `renames`, `undos` and `added` see there."""
    from gitmig.schema.compare import difference  # rarely needed, and large

    return difference(found, wanted, renames=renames, undos=undos, added=added)


class Transformation:
    """The computed difference from one schema to another, or a part of it: a script that runs as often as need be."""

    def __init__(self, connection: Connection, statements: Iterable[str]) -> None:
        self._connection = connection
        self._script = Script(language=SQL, text=";\n".join(statements), path="the computed difference")

    @classmethod
    def between(
        cls, connection: Connection, found: Schema, wanted: Schema, *, renames: bool = True, undos: Iterable[Undo] = ()
    ) -> Transformation:
        """All of it."""
        return cls(connection, computed(found, wanted, renames=renames, undos=undos).statements)

    @property
    def text(self) -> str:
        """What it sends."""
        return self._script.text

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""
        run_computed(self._connection, self._script)


class Repairer:
    """Leads to the expected schema by the computed difference, inside the caller's transaction."""

    def __init__(self, connection: Connection, expected: Expectation, runner: StepRunner) -> None:
        self._connection = connection
        self._expected = expected
        self._runner = runner

    def complete(self, task: Task, done: Done) -> Done:
        """Put right what a task's script, which ran, has left otherwise than a fresh build. Raises Unrepairable."""
        wanted, found = self._expected.schema(task.reached), self._read()
        left = schema_difference(wanted, found)
        if not left:
            return done
        if isinstance(task, ApplyTask):
            reason, renames, undos = _expanded(left), task.renames, []
        else:
            reason, renames, undos = left_undone(left), task.guesses, [task.undo(whole=False)]
        script = Transformation.between(self._connection, found, wanted, renames=renames, undos=undos)
        with self._leading_to(wanted, task.step.label, task.step.direction):
            self._runner.run(task, script)
        return replace(done, repair=Repair(way=Way.COMPLETED, reason=reason))

    def discard_drift(self, position: int) -> None:
        """Take back whatever was changed since the stack ended at `position`. Raises Unrepairable."""
        wanted, found = self._expected.schema(position), self._read()
        if schema_difference(wanted, found):
            with self._leading_to(wanted, "what was changed by hand", Direction.REVERT):
                added = read_added(self._connection)
                self._runner.discard_drift(
                    Transformation(self._connection, computed(found, wanted, added=added).statements)
                )

    @contextmanager
    def _leading_to(self, wanted: Schema, label: str, direction: Direction) -> Iterator[None]:
        """Raise Unrepairable unless the block leads to the wanted schema."""
        try:
            yield
        except ScriptError as error:
            if is_hopeless(error):
                raise
            raise Unrepairable(label=label, direction=direction, reasons=(error.message,)) from error
        if still := schema_difference(wanted, self._read()):
            reasons = (f"{first_few(still.names)} would still differ",)
            raise Unrepairable(label=label, direction=direction, reasons=reasons)

    def _read(self) -> Schema:
        return read_schema(self._connection, self._expected.fingerprinter.ignore, edges=True)


class FinalVerification:
    """Looks at the end of a plan whether its applies have led where a fresh build does.

    `replaced` are the rows that come without running anything.
    """

    def __init__(
        self,
        connection: Connection,
        expected: Expectation,
        runner: StepRunner,
        plan: Plan,
        tasks: Sequence[Task],
        *,
        replaced: Sequence[Row],
    ) -> None:
        self._connection = connection
        self._expected = expected
        self._runner = runner
        self._keep = plan.keep
        self._applies = [task for task in tasks if isinstance(task, ApplyTask)]
        self._rows = [*replaced, *(task.row for task in self._applies)]
        is_new = not (plan.keep or plan.reverts or plan.replacement)
        self._doubtful = [] if is_new else [task.step for task in self._applies if _expands(task)]

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._doubtful)

    def complete(self, done: Sequence[Done]) -> list[Done]:
        """Compare the schema with that of a fresh build, and put right what differs; `done` are the plan's last steps.

        Raises Unrepairable.
        """
        completed = list(done)
        if self.is_needed and completed:
            found = self._expected.fingerprinter.measure(self._connection).schema
            expected = self._expected.beyond(self._keep, self._rows, found)
            place = max((k for k, one in enumerate(done) if one.step in self._doubtful), default=len(done) - 1)
            repairer = Repairer(self._connection, expected, self._runner)
            completed[place] = repairer.complete(self._applies[-1], done[place])
        return completed


def _expanded(difference: SchemaDifference) -> str:
    """What an up has made otherwise than on a fresh database, because `*` stood for columns in another order."""
    objects = first_few(difference.names)
    return f"an earlier revert has moved columns to the end of their tables, and {objects} spells them out"


def _expands(task: ApplyTask) -> bool:
    return task.script is not None and task.script.language.expands_columns(task.script.text)
