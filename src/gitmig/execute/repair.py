"""Why a step did not lead where it should, and what was done instead.

Ways back where a down may not be enough: the down and what it leaves undone, or the computed difference alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from gitmig.execute.step_runner import ScriptRun
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.postgres.run_sql import ScriptError, run_computed
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import SchemaDifference, Tie, schema_difference
from gitmig.schema.names import bare, last, parent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from gitmig.execute.tasks import Task
    from gitmig.postgres.connection import Connection
    from gitmig.schema.compare import Difference
    from gitmig.schema.model import ObjectName, Schema
    from gitmig.schema.renamings import Undo


MOST_NAMES = 3
WORD = re.compile(r"\w+")


class Way(Enum):
    """How a migration was reverted, or (the first) applied, where its script alone did not do."""

    COMPLETED = "completed"  # its script ran, and what it had left was put right
    COMPUTED = "computed"  # its down was missing or of no use: the difference of both schemas ran instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A step that needed help; `reason` says why, in words for people."""

    way: Way
    reason: str


def left_undone(difference: SchemaDifference) -> str:
    """What a down that ran has not undone; `difference` is from the schema that was wanted to the one it left."""
    parts = (("leaves", difference.surplus), ("lacks", difference.missing), ("changes", difference.changed))
    return f"its down does not undo its up: it {'; '.join(f'{word} {named(names)}' for word, names in parts if names)}"


def expanded(difference: SchemaDifference) -> str:
    """What an up has made otherwise than on a fresh database, because `*` stood for columns in another order."""
    return (
        f"an earlier revert has moved columns to the end of their tables, and {named(difference.names)} spells them out"
    )


def named(names: Sequence[object]) -> str:
    """The first few of them, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"


def blamed(left: SchemaDifference, found: Schema, wanted: Schema, ups: Sequence[str]) -> dict[ObjectName, int]:
    """Who has left what undone, after downs that ran newest first: for each object the place of one of the `ups`.

    They are the other sections, in the same order. The last one that touched an object is to blame for it: had its down
    put that right, none after it would have spoilt it. Who touched it is told from the words of the scripts; what
    nobody names is the last one's.
    """
    words = [frozenset(WORD.findall(up.lower())) for up in ups]
    groups = ((group, _last_to_touch(group, words)) for group in _groups(set(left.names), found, wanted))
    return {name: place for group, place in groups for name in group}


def share(left: SchemaDifference, names: Collection[ObjectName]) -> SchemaDifference:
    """The part of a difference that is about these objects."""
    missing, surplus, changed = (
        tuple(name for name in some if name in names) for some in (left.missing, left.surplus, left.changed)
    )
    return SchemaDifference(missing=missing, surplus=surplus, changed=changed)


def _groups(names: set[ObjectName], *schemas: Schema) -> Iterator[set[ObjectName]]:
    """The names, each with those of what goes along with it and of its parts."""
    together: dict[ObjectName, set[ObjectName]] = {name: {name} for name in names}
    wholes = {name.name: name for name in names if name.kind not in {"column", "constraint", "index", "trigger"}}
    pairs = [(name, wholes[parent(name.name)]) for name in names if parent(name.name) in wholes]
    for schema in schemas:
        for name in names:
            pairs += [(name, needed) for needed, tie in schema.edges.get(name, {}).items() if tie is Tie.GOES_ALONG]
    for one, other in pairs:
        if other in together and together[one] is not together[other]:
            merged = together[one] | together[other]
            together |= dict.fromkeys(merged, merged)
    yield from {id(group): group for _, group in sorted(together.items())}.values()


def _last_to_touch(group: Collection[ObjectName], words: Sequence[frozenset[str]]) -> int:
    """The place of the last of the scripts, given as `words`, that names something of the group."""
    heads = [name for name in group if not any(parent(name.name) == other.name for other in group)]
    for named_by in (_full_words, _words_of_whole):
        wanted = [found for name in heads if (found := named_by(name))]
        places = [place for place, said in enumerate(words) if any(found <= said for found in wanted)]
        if places:
            return places[-1]
    return len(words) - 1


def _full_words(name: ObjectName) -> frozenset[str]:
    """The words of the object's own name and, of a part, of what it is a part of."""
    return frozenset(WORD.findall(bare(last(name.name)).lower())) | _words_of_whole(name)


def _words_of_whole(name: ObjectName) -> frozenset[str]:
    """The words of the name of the table, if it is a part of one; else none."""
    whole = parent(name.name)
    return frozenset(WORD.findall(bare(last(whole)).lower())) if whole and parent(whole) else frozenset()


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
    from gitmig.schema.compare import difference  # rarely needed, and large

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
