"""`gitmig diff`: how the schemas of two commits differ, built afresh, or a commit's and the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.project.expected_schemas import baseline_of, fresh_schemas
from gitmig.project.target import load_target
from gitmig.project.trust import ask
from gitmig.schema.catalog import read_schema
from gitmig.schema.compare import difference
from gitmig.schema.model import schema_difference

if TYPE_CHECKING:
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.project.trust import Consent
    from gitmig.schema.compare import ComputedDifference
    from gitmig.schema.model import Schema, SchemaDifference


class Diff(Struct, frozen=True, kw_only=True):
    """What the second schema has more, less and otherwise than the first, each named as people are told.

    `sql` is what turns the first into the second, if it was asked for.
    """

    first: str
    second: str
    difference: SchemaDifference
    sql: ComputedDifference | None = None


def diff(
    project: Project,
    first: str | None,
    second: str | None,
    *,
    reverse: bool = False,
    as_sql: bool = False,
    consent: Consent | None = None,
) -> Diff:
    """Compare the schema of a commit (None: the work tree) with another commit's (None: with the database's).

    With `reverse` it is the other way round. A commit's schema is built in a scratch database on the project's server
    and dropped again; `consent` is asked before untrusted scripts run there. Raises GitmigError.
    """
    target = load_target(project, first)
    wanted = fresh_schema(project, target, consent)
    if second is None:
        with project.connect("diff") as connection:
            found = read_schema(connection, project.settings.ignore, edges=True)
            name = str(project.address)
            wanted = baseline_of(project, connection, found, wanted).under(wanted)
    else:
        other = load_target(project, second)
        found, name = fresh_schema(project, other, consent), second
    sides = [(first or "the work tree", wanted), (name, found)]
    (before, old), (after, new) = reversed(sides) if reverse else sides
    return Diff(
        first=before,
        second=after,
        difference=schema_difference(old, new),
        sql=difference(old, new) if as_sql else None,
    )


def fresh_schema(project: Project, target: Target, consent: Consent | None = None) -> Schema:
    """The schema of an empty database after the target's migrations ran in order. Raises GitmigError."""
    contents = target.contents(target.set.migrations)
    ask(project, consent, [(m, contents[m.path]) for m in target.set.migrations], target.snapshot)
    ups = [contents[migration.path].up for migration in target.set.migrations]
    ((_, schema),) = fresh_schemas(project, ups, (len(ups),))
    return schema
