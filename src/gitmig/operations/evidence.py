"""Which migrations are applied to a database that has no ledger: another tool's table says it, or the schema does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.foreign import applied_among
from gitmig.core.layouts.names import versions_of_programs
from gitmig.core.position import nearest_to, positions_of
from gitmig.core.repair import named
from gitmig.database.catalogs import read_schema
from gitmig.database.foreign import read_journals
from gitmig.database.ledger import read_state
from gitmig.errors import GitmigError
from gitmig.operations.failures import first_lines
from gitmig.operations.target import target_of
from gitmig.repository import snapshot
from gitmig.repository.branches import branches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.migration import Migration
    from gitmig.core.schema import Schema, SchemaDifference
    from gitmig.database.connection import Connection
    from gitmig.database.foreign import Journal
    from gitmig.operations.expected import Expected
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target

DRIFT_HINT = (
    "`gitmig adopt --with-drift` takes it over as it is, for `gitmig capture` or `gitmig sync --discard-drift`; "
    "what is not the migrations' business belongs into `ignore`, what every database needs first into `bootstrap`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The first `count` migrations of a stack are applied; `alike` are those after which the schema is the same.

    `drift` is how the database differs from what they make; without `verified` nobody looked.
    """

    count: int
    alike: tuple[Migration, ...] = ()
    drift: SchemaDifference | None = None
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A schema that was there before gitmig; `journal` is the table of the tool that made it, if one is known."""

    journal: Journal | None


def look_before(connection: Connection, project: Project) -> Before | None:
    """What a database with an empty ledger has; None if that is nothing, or what a bootstrap may have made."""
    if read_state(connection).stack:
        return None
    if found := read_journals(connection):
        return Before(journal=found[0])
    if project.bootstrap_sql().strip() or read_schema(connection, project.settings.ignore).is_pristine:
        return None
    return Before(journal=None)


def find_journal(connection: Connection, target: Target) -> Journal | None:
    """The table that says what is applied; None if no other tool has noted anything. Raises GitmigError."""
    found = read_journals(connection)
    fitting = [journal for journal in found if journal.tool.layout == target.layout.name] or found
    fitting = [journal for journal in fitting if journal.on_path] or fitting
    if not fitting:
        return None
    first, *others = fitting
    if any(other.tool is not first.tool or not first.on_path for other in others):
        raise GitmigError(
            "several tables say what is applied, and not which of them counts",
            hint="rename those that are out of use, or put the schema of the one that counts on the search path: "
            "`?options=-csearch_path%3D…` in the URL",
            details=tuple(f"{journal.table} ({journal.tool.name})" for journal in fitting),
        )
    return first


def by_journal(journal: Journal, target: Target) -> tuple[Migration, ...]:
    """The migrations the table says are applied, in order. Raises GitmigError if it knows others, or is in doubt."""
    tool, claim = journal.tool.name, journal.claim
    if claim.broken:
        raise GitmigError(
            f"{tool} was interrupted, or failed, in {named(claim.broken)} ({journal.table}): how much of it is applied "
            "is not known",
            hint=f"put it right with {tool} first, then `gitmig adopt`",
        )
    applied, unknown = _sorted_out(journal, target)
    if unknown:
        where = "the work tree" if target.snapshot.is_work_tree else f"commit {(target.commit or '')[:10]}"
        raise GitmigError(
            f"{tool} has applied {named(unknown)} ({journal.table}), which {where} does not have",
            hint=_whereabouts(journal, target.project),
        )
    return applied


def _sorted_out(journal: Journal, target: Target) -> tuple[tuple[Migration, ...], tuple[str, ...]]:
    """The applied migrations, and the versions that nobody knows; what a program did, the schema will show."""
    return applied_among(journal.claim, target.set.migrations, versions_of_programs(target.snapshot.files))


def _whereabouts(journal: Journal, project: Project) -> str:
    """Which branch has all that the tool has applied."""
    for branch in branches(project.repository):
        try:
            target = target_of(project, snapshot.at_commit(project.repository, branch.commit, project.settings.folders))
        except GitmigError:  # its files are invalid: it is no place to go to
            continue
        if target and not _sorted_out(journal, target)[1]:
            return f"branch {branch.name} has it: `gitmig adopt {branch.name}`, then `gitmig sync`"
    return "name the commit that has all of them, `gitmig adopt REVISION`, then `gitmig sync`"


def by_schema(expected: Expected, found: Schema, stack: Sequence[Migration], database: str) -> Evidence:
    """How many of the migrations are applied, told from the schema alone. Raises GitmigError.

    Without an exact answer it is the nearest one, with its drift.
    """
    if not stack:
        raise GitmigError(
            f"there are no migrations that could be applied to {database}",
            hint="`gitmig capture` makes a first migration of its schema",
        )
    schemas, failure = expected.every()
    alike = positions_of(found, schemas)
    if 0 in alike:
        raise nothing_to_adopt(database)
    if alike:
        return Evidence(count=alike[-1], alike=tuple(stack[position - 1] for position in alike))
    position, difference = nearest_to(found, schemas) if len(schemas) > 1 else (0, None)
    if failure is not None and position == len(schemas) - 1:
        raise failure  # the database may well be behind it
    return Evidence(count=position, drift=difference)


def nothing_to_adopt(database: str) -> GitmigError:
    """A database as it is before the first migration."""
    return GitmigError(
        f"no migration is applied to {database}: there is nothing to adopt", hint="`gitmig sync` applies them"
    )


def unlike(evidence: Evidence, journal: Journal | None, stack: Sequence[Migration], database: str) -> GitmigError:
    """The schema is none that the migrations make."""
    assert evidence.drift is not None  # else there is nothing to tell of
    count = len(evidence.drift.names)
    differ = f"{count} objects differ" if count > 1 else "1 object differs"
    if journal is not None:
        message = f"the schema of {database} is not what the migrations make that {journal.tool.name} has applied there"
        lead = f"{differ}:"
    else:
        message = f"no position in the {len(stack)} migrations has the schema of {database}"
        lead = f"the nearest is that after {stack[evidence.count - 1].label}, where {differ}:"
    return GitmigError(f"{message}; nothing was changed", details=(lead, *first_lines(evidence.drift)), hint=DRIFT_HINT)
