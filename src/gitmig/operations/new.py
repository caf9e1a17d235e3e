"""`gitmig new`: write an empty migration, one whose down is computed (`--sql`), or one for many (`--squash`).

What is computed was tried on a scratch database before a file is written.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import GitmigError, UsageError
from gitmig.migrations.languages.templates import TEMPLATES
from gitmig.migrations.model import Script
from gitmig.migrations.naming import slug
from gitmig.migrations.parser import checksum, statements, terminated
from gitmig.migrations.same_schema import with_head
from gitmig.postgres.run_sql import ScriptError
from gitmig.project.drafts import (
    Draft,
    NotComputable,
    accept_findings,
    draft,
    draft_program,
    refuse_differing,
    remove,
    render,
    section_of,
    work_tree,
    write,
)
from gitmig.project.failures import shortened
from gitmig.project.trial_database import open_trial_database
from gitmig.schema.compare import difference
from gitmig.schema.model import schema_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.migrations.model import Content, Migration
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.project.trial_database import TrialDatabase
    from gitmig.rows.digests import Contents
    from gitmig.schema.model import Schema
    from gitmig.trials.round_trip import Observation


UP = "-- what changes, as in: ALTER TABLE comments RENAME COLUMN contents TO body;\n"
DOWN = "-- exactly the opposite, as in: ALTER TABLE comments RENAME COLUMN body TO contents;\n"


class Created(Struct, frozen=True, kw_only=True):
    """The paths that were written, from the top of the repository."""

    label: str
    paths: tuple[str, ...]


def new(project: Project, title: str, *, language: str | None = None, now: datetime | None = None) -> Created:
    """Write an empty migration that sorts behind all others. Raises GitmigError, UsageError.

    `language` is the ending of programs in it; None is SQL.
    """
    name, target, now = slug(title), work_tree(project), now or datetime.now(timezone.utc)
    if language is None:
        drafted = draft(target, name, UP, DOWN, now)
    else:
        drafted = draft_program(target, name, language, TEMPLATES[language], now)
    write(drafted)
    return Created(label=drafted.label, paths=drafted.paths)


NO_DOWN_HINT = "write its down yourself, in the file that `gitmig new` makes, or say --irreversible"


class Composed(Struct, frozen=True, kw_only=True):
    """The paths that were written, from the top of the repository, and what a person should know of the migration.

    `obstacle` says why it has no down, if it has none.
    """

    label: str
    paths: tuple[str, ...]
    notes: tuple[Observation, ...] = ()
    obstacle: NotComputable | None = None


def compose(
    project: Project,
    pieces: Sequence[str],
    *,
    title: str | None = None,
    irreversible: bool = False,
    now: datetime | None = None,
) -> Composed:
    """Write a migration that runs these pieces of SQL, behind all others. Raises GitmigError, UsageError.

    Its down leads from the schema that the SQL makes on a fresh database back to the one before; it was tried there.
    Where none does, `irreversible` writes the migration without one.
    """
    up = "".join(f"{terminated(piece.strip())}\n" for piece in pieces if piece.strip())
    if checksum(up) == checksum(""):
        raise UsageError("there is no SQL to write a migration of", hint='--sql takes it, as in --sql "DROP TABLE x"')
    target, name = work_tree(project), slug(title or statements(up)[0].text)
    now = now or datetime.now(timezone.utc)
    without = draft(target, name, up, None, now)
    migrations = target.set.migrations
    contents = target.contents(migrations)
    with open_trial_database(project, edges=True) as trial:
        trial.build([contents[migration.path].up for migration in migrations])
        try:
            drafted = draft(target, name, up, _down(trial, without), now)
            composed = Composed(label=drafted.label, paths=drafted.paths, notes=_notes(trial, drafted))
        except NotComputable as obstacle:
            if not irreversible:
                raise obstacle.refused(f"down of {without.label}", NO_DOWN_HINT) from obstacle
            drafted = without
            composed = Composed(label=drafted.label, paths=drafted.paths, obstacle=obstacle)
    write(drafted)
    return composed


def _down(trial: TrialDatabase, drafted: Draft) -> str:
    """The computed down, not tried yet. Raises NotComputable, GitmigError."""
    up = drafted.content.up
    try:
        after = trial.schema_with(up)
    except ScriptError as error:
        details = (f"statement: {shortened(error.statement)}",)
        hint = "it was tried on a fresh database with the work tree's migrations; no file is written"
        raise GitmigError(f"the SQL fails: {error.message}", hint=hint, details=details) from error
    return section_of(difference(after, trial.schema))


def _notes(trial: TrialDatabase, drafted: Draft) -> tuple[Observation, ...]:
    return accept_findings(trial.examine(drafted.content).findings)


# --- one migration in the place of many, with their schema and the rows that they write

TITLE = "baseline"
WORD = re.compile(r"\w+")
MOST_BLAMED = 10  # statements in a message
NO_BASELINE_HINT = "write the baseline yourself; where its schema is the same, a sync runs no script either"
LEAVE_HINT = "--leave-data writes it without those that fail; what it then lacks, a new database will not have"


class DataStatement(Struct, frozen=True, kw_only=True):
    """A statement that may write rows, and where it stands."""

    path: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """File, line, and how it begins."""
        return f"{self.path}:{self.line}: {shortened(self.text)}"


class Squashed(Struct, frozen=True, kw_only=True):
    """What was written, and what it took the place of: paths from the top of the repository.

    `left_out` are statements that fail behind the schema; `differing` are the tables and sequences that a new database
    will have otherwise than before: none, unless that was allowed.
    """

    label: str
    paths: tuple[str, ...]
    removed: tuple[str, ...]
    left_out: tuple[DataStatement, ...]
    differing: tuple[str, ...]
    notes: tuple[Observation, ...]


def squash(
    project: Project, upto: str | None = None, *, title: str | None = None, leave_data: bool = False
) -> Squashed:
    """Write one migration for all up to version or label `upto`, and remove their files from the work tree.

    Schemas and rows are compared on scratch databases before anything is written. Raises GitmigError, UsageError.
    """
    target = work_tree(project)
    squashed = _range(target, upto)
    files = tuple(file.path for migration in squashed for _, file in migration.files)
    if unsaved := [path for path in files if path in target.snapshot.on_disk]:
        hint = "commit it first: the squash removes it"
        raise GitmigError(f"{unsaved[0]} is in no commit as it stands", hint=hint)
    contents = target.contents(squashed)
    if program := next((one for one in squashed if contents[one.path].up.sql is None), None):
        hint = f"squash what comes before it: `--squash` and the version before {program.version}"
        raise GitmigError(f"{program.path} is a program, of which no SQL is known to put in its place", hint=hint)
    made = _Squash(target, squashed, contents, slug(title or TITLE))
    with open_trial_database(project, edges=True) as trial:
        made.read(trial)
    try:
        drafted, notes = made.proven(leave_data=leave_data)
    except NotComputable as obstacle:
        raise obstacle.refused(f"squash up to {squashed[-1].label}", NO_BASELINE_HINT) from obstacle
    if taken := set(drafted.paths) & set(files):
        raise GitmigError(f"{min(taken)} is there already", hint="give the squash another title")
    write(drafted)
    remove(project, files)
    return Squashed(
        label=drafted.label,
        paths=drafted.paths,
        removed=files,
        left_out=tuple(made.left_out),
        differing=tuple(made.differing),
        notes=notes,
    )


def _range(target: Target, upto: str | None) -> tuple[Migration, ...]:
    """The migrations to squash. Raises UsageError."""
    members = target.set.migrations
    found = len(members)
    if upto is not None:
        places = [k for k, one in enumerate(members, 1) if upto in {one.version.text, one.label, one.name}]
        if len(places) != 1:
            what = "no migration is" if not places else "several migrations are"
            raise UsageError(f"{what} called {upto!r}", hint="`gitmig show` lists them")
        found = places[0]
    if found < 2:
        raise UsageError("there is nothing to squash", hint="it takes two migrations at least")
    return members[:found]


class _Squash:
    """The squash of these migrations, on its way from what they make to what was proven."""

    def __init__(
        self, target: Target, squashed: Sequence[Migration], contents: Mapping[str, Content], name: str
    ) -> None:
        self._target = target
        self._squashed = [(one.label, contents[one.path].up) for one in squashed]
        self._version, self._name = squashed[-1].version.text, name
        self._data = list(_data(up for _, up in self._squashed))
        self._places = ""
        self.left_out: list[DataStatement] = []
        self.differing: list[str] = []

    def read(self, trial: TrialDatabase) -> None:
        """Build the migrations, and read what they make of an empty database. Raises GitmigError."""
        self._empty = trial.schema
        trial.build([up for _, up in self._squashed])
        self._schema: Schema = trial.schema
        self._rows: Contents = trial.rows()

    def proven(self, *, leave_data: bool) -> tuple[Draft, tuple[Observation, ...]]:
        """The migration, tried on a scratch database of its own. Raises NotComputable, GitmigError."""
        up, down = difference(self._empty, self._schema), difference(self._schema, self._empty)
        head, back = self._roles() + section_of(up), section_of(down)
        with open_trial_database(self._target.project, edges=True) as trial:
            self._choose(trial, self._draft(head, back, ()))
            drafted = self._draft(head, back, [one for one in self._data if one not in self.left_out])
            examined = trial.examine(drafted.content)
            notes = accept_findings(examined.findings)
            if examined.after is not None:
                refuse_differing(schema_difference(self._schema, examined.after).names)
            found = trial.rows()
        self.differing = sorted(
            name
            for ours, theirs in ((self._rows.tables, found.tables), (self._rows.sequences, found.sequences))
            for name in ours
            if ours[name] != theirs.get(name)
        )
        if self.differing and not leave_data:
            self._refuse()
        return drafted, notes

    def _roles(self) -> str:
        """The statements about what the whole server shares, which no schema has."""
        found = [
            up.text[one.offset : one.offset + one.length]
            for _, up in self._squashed
            for one in up.language.shared(up.text)
            if not one.in_block
        ]
        return "".join(f"{terminated(text.strip())}\n" for text in found)

    def _draft(self, up: str, down: str, data: Sequence[DataStatement]) -> Draft:
        behind = "".join(f"\n-- {one.path}:{one.line}\n{terminated(one.text)}\n" for one in data) + self._places
        script = replace(self._squashed[-1][1], text=up + behind, transactional=True)
        return Draft(
            target=self._target,
            label=f"{self._version}_{self._name}",
            files=render(self._target, self._version, self._name, with_head(script, self._squashed), down),
        )

    def _choose(self, trial: TrialDatabase, schema_only: Draft) -> None:
        """Find the statements that fail where the schema is there already, and sequences that end elsewhere."""
        with trial.clone() as clone:
            try:
                clone.run(schema_only.content.up)
            except ScriptError as error:
                raise NotComputable(said=error.message) from error
            for one in self._data:
                script = Script(language=self._squashed[-1][1].language, text=one.text, path=one.path)
                try:
                    clone.run(script)
                except ScriptError:
                    self.left_out.append(one)
            found = clone.rows().sequences
        moved = {name: place for name, place in self._rows.sequences.items() if place != found.get(name)}
        self._places = "".join(map(_placed, moved, moved.values()))

    def _refuse(self) -> None:
        names = {name.rpartition(".")[2].strip('"').lower() for name in self.differing}
        blamed = [one for one in self._data if names & set(WORD.findall(one.text.lower()))] or self._data
        raise GitmigError(
            f"behind the schema, the data statements do not give the same rows: {', '.join(self.differing[:3])} "
            f"{'differs' if len(self.differing) == 1 else 'differ'}",
            hint=LEAVE_HINT,
            details=tuple(
                f"{'fails' if one in self.left_out else 'runs'}: {one.place}" for one in blamed[:MOST_BLAMED]
            ),
        )


def _placed(sequence: str, place: tuple[int, bool]) -> str:
    value, used = place
    name = sequence.replace("'", "''")
    statement = f"SELECT pg_catalog.setval('{name}', {value}, {str(used).lower()});"
    return f"\n-- values that went to rows which are gone\n{statement}\n"


def _data(ups: Iterator[Script]) -> Iterator[DataStatement]:
    """The statements that may write rows, in order, with their places."""
    scripts = list(ups)
    for script, effects in zip(scripts, scripts[0].language.effects([one.text for one in scripts])):
        for unit in effects.writing:
            line = script.first_line + script.text.count("\n", 0, unit.offset)
            yield DataStatement(path=script.path, line=line, text=unit.text)
