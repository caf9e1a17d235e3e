"""Ways back where a down may not be enough: the down and what it leaves undone, or the computed difference alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.languages.sql import SQL
from gitmig.core.migration import Script
from gitmig.core.repair import Way, left_undone, named
from gitmig.core.schema import SchemaDifference, schema_difference
from gitmig.database.catalogs import read_schema
from gitmig.database.sending import ScriptError, run_computed
from gitmig.database.stepping import ScriptRun

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.difference import Difference
    from gitmig.core.renamings import Undo
    from gitmig.core.schema import Schema
    from gitmig.database.connection import Connection
    from gitmig.database.tasks import Task


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


def computed(found: Schema, wanted: Schema, *, renames: bool = True, undos: Iterable[Undo] = ()) -> Difference:
    """The difference between two schemas; for `renames` and `undos` see there."""
    from gitmig.core.difference import difference  # rarely needed, and large

    return difference(found, wanted, renames=renames, undos=undos)


class Attempt:
    """One way to revert, to be run once or, if rows are at stake, twice.

    `reason` says why the down alone was not enough; it is empty if it was. `in_down` is True while the down runs, and
    stays so if it fails.
    """

    def __init__(self, way: Way, task: Task, wanted: Schema, connection: Connection, ignore: tuple[str, ...]) -> None:
        self.way = way
        self.reason = "" if task.script else "it has no down"
        self._task = task
        self._wanted = wanted
        self._connection = connection
        self._ignore = ignore
        self.in_down = False
        self._is_there = False

    def run(self) -> None:
        """Run the down, if this way begins with it, and whatever is then still to be done. Raises ScriptError."""
        if self.way is Way.COMPLETED:
            self.in_down = True
            ScriptRun.of(self._connection, self._task).run()
            self.in_down = False
        left = self._left()
        self._is_there = not left
        if left:
            self.reason = self.reason or (left_undone(left) if self.way is Way.COMPLETED else "")
            found = read_schema(self._connection, self._ignore, edges=True)
            task, undo = self._task, self._task.undo(whole=self.way is Way.COMPUTED)
            Transformation.between(self._connection, found, self._wanted, renames=task.guesses, undos=[undo]).run()

    def verify(self) -> None:
        """Raise Elsewhere unless the way led to the wanted schema."""
        if not self._is_there and (left := self._left()):
            raise Elsewhere(left)

    def _left(self) -> SchemaDifference:
        return schema_difference(self._wanted, read_schema(self._connection, self._ignore))

    def told(self, failure: ScriptError | SchemaDifference) -> str:
        """Why this way led nowhere."""
        if isinstance(failure, SchemaDifference):
            return f"after the computed difference {named(failure.names)} would still differ"
        if self.in_down:
            return down_failed(self._task, failure)
        return f"the computed difference fails: {failure.message}: {' '.join(failure.statement.split())[:120]}"


def down_failed(task: Task, error: ScriptError) -> str:
    """That a task's down fails, where and why."""
    return f"its down fails at {task.path}:{error.line}: {error.message}"


class Elsewhere(Exception):
    """The scripts ran, and the schema is not the one they should lead to, but for what is `left`."""

    def __init__(self, left: SchemaDifference) -> None:
        super().__init__()
        self.left = left
