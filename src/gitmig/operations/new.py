"""`gitmig new`: write an empty migration, or (`--sql`) one whose up is given, and whose down is computed and tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError
from gitmig.migrations.languages.templates import TEMPLATES
from gitmig.migrations.naming import slug
from gitmig.migrations.parser import checksum, statements, terminated
from gitmig.postgres.run_sql import ScriptError
from gitmig.project.drafts import (
    Draft,
    NotComputable,
    accept_findings,
    draft,
    draft_program,
    section_of,
    work_tree,
    write,
)
from gitmig.project.failures import shortened
from gitmig.project.trial_database import open_trial_database
from gitmig.schema.compare import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.project.project import Project
    from gitmig.project.trial_database import TrialDatabase
    from gitmig.trials.round_trip import Observation


UP = "-- what changes, as in: ALTER TABLE comments RENAME COLUMN contents TO body;\n"
DOWN = "-- exactly the opposite, as in: ALTER TABLE comments RENAME COLUMN body TO contents;\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
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


HINT = "write its down yourself, in the file that `gitmig new` makes, or say --irreversible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
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
                raise obstacle.refused(f"down of {without.label}", HINT) from obstacle
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
