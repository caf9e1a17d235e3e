"""How two schemas differ: those of two code versions, built afresh, or a code version's and the database's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.schema import schema_difference
from gitmig.database.building import BuildFailed, build
from gitmig.database.catalogs import read_schema
from gitmig.database.connection import Address
from gitmig.database.scratch import scratch_database
from gitmig.errors import GitmigError
from gitmig.operations.target import load_target

if TYPE_CHECKING:
    from gitmig.core.migration import Script
    from gitmig.core.schema import Schema, SchemaDifference
    from gitmig.database.sending import ScriptError
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What the second schema has more, less and otherwise than the first, each named as people are told."""

    first: str
    second: str
    difference: SchemaDifference


def diff(project: Project, first: str | None, second: str | None) -> Diff:
    """Compare the schema of a commit (None: the work tree) with another commit's (None: with the database's).

    A commit's schema is built in a scratch database on the project's server and dropped again. Raises GitmigError.
    """
    target = load_target(project, first)
    wanted = fresh_schema(project, target)
    if second is None:
        with project.connect("diff") as connection:
            found, name = read_schema(connection), str(Address.of(project.url))
    else:
        other = load_target(project, second)
        found, name = fresh_schema(project, other), second
    return Diff(first=first or "the work tree", second=name, difference=schema_difference(wanted, found))


def fresh_schema(project: Project, target: Target) -> Schema:
    """The schema of an empty database after the target's migrations ran in order. Raises GitmigError."""
    contents = target.contents(target.set.migrations)
    ups = [contents[migration.path].up for migration in target.set.migrations]
    if project.settings.database is None:
        project.wake()
    with scratch_database(project.url, project.bootstrap_sql()) as connection:
        try:
            ((_, schema),) = build(connection, ups, measure_at=(len(ups),))
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure
    return schema


def not_fresh(script: Script, error: ScriptError) -> GitmigError:
    """What to tell people about an up script that does not run on a fresh database."""
    return GitmigError(
        f"on a fresh database {script.path}:{error.line} fails: {error.message}",
        hint="what every database needs before the first migration belongs into the bootstrap file",
        details=(f"statement: {' '.join(error.statement.split())[:300]}",),
    )
