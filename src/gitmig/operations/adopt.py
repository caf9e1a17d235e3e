"""`gitmig adopt`: mark as applied what is applied to a database without gitmig, and run nothing.

Which migrations these are, another tool's table says, or the schema does. A database that has a ledger already may have
got more of them since: out of habit, or as a Makefile or the application's start runs the other tool.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import GitmigError
from gitmig.events import BuildingDatabase, silent
from gitmig.execute import ledger_writer
from gitmig.execute.tasks import row_of
from gitmig.git import snapshot
from gitmig.git.branches import branches
from gitmig.ledger.journals import read_journals
from gitmig.ledger.protection import Caller
from gitmig.ledger.rows import applied_of
from gitmig.ledger.store import read_state
from gitmig.migrations.layouts.parsing import versions_of_programs
from gitmig.migrations.plan import desire, make_plan
from gitmig.project import trust
from gitmig.project.decisions import UNATTENDED
from gitmig.project.expected_schemas import ExpectedSchemas
from gitmig.project.failures import first_lines
from gitmig.project.permission import permit
from gitmig.project.target import load_target, plan_for, target_of
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import SchemaDifference, schema_difference
from gitmig.schema.other_tools import applied_among
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.events import Notify
    from gitmig.ledger.journals import Journal
    from gitmig.ledger.rows import Row, State
    from gitmig.migrations.model import Content, Migration
    from gitmig.migrations.plan import Applied, Plan
    from gitmig.postgres.connection import Connection
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.schema.model import Schema, SchemaDifference


def positions_of(found: Schema, schemas: Sequence[Schema]) -> tuple[int, ...]:
    """The positions at which the schema is exactly this one; `schemas` are those after 0, 1, 2 … migrations."""
    return tuple(position for position, schema in enumerate(schemas) if schema.fingerprint == found.fingerprint)


def nearest_to(found: Schema, schemas: Sequence[Schema]) -> tuple[int, SchemaDifference]:
    """The position, at least 1, at which the fewest objects differ, and how they do; of several the last one."""
    differences = {position: schema_difference(schemas[position], found) for position in range(1, len(schemas))}
    return min(differences.items(), key=lambda item: (len(item[1].names), -item[0]))


DRIFT_HINT = (
    "`gitmig adopt --with-drift` takes it over as it is, for `gitmig capture` or `gitmig sync --discard-drift`; "
    "what is not the migrations' business belongs into `ignore`, what every database needs first into `bootstrap`"
)


class Evidence(Struct, frozen=True, kw_only=True):
    """The first `count` migrations of a stack are applied; `alike` are those after which the schema is the same.

    `drift` is how the database differs from what they make; without `verified` nobody looked.
    """

    count: int
    alike: tuple[Migration, ...] = ()
    drift: SchemaDifference | None = None
    verified: bool = True


class Before(Struct, frozen=True, kw_only=True):
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
            f"{tool} was interrupted, or failed, in {first_few(claim.broken)} ({journal.table}): how much of it is "
            "applied is not known",
            hint=f"put it right with {tool} first, then `gitmig adopt`",
        )
    applied, unknown = _sorted_out(journal, target)
    if unknown:
        where = "the work tree" if target.snapshot.is_work_tree else f"commit {(target.commit or '')[:10]}"
        raise GitmigError(
            f"{tool} has applied {first_few(unknown)} ({journal.table}), which {where} does not have",
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


def by_schema(expected: ExpectedSchemas, found: Schema, stack: Sequence[Migration], database: str) -> Evidence:
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


class Adopted(Struct, frozen=True, kw_only=True):
    """What is marked as applied now, and how that is known. `ran` is False if it was called off.

    `journal` is the other tool's table; without one the schema said it, and `alike` are the migrations after which it
    is the same. `drift` is how the schema differs from what the migrations make, None also if nobody looked (not
    `verified`). `plan` is what a sync to the target has still to do, `before` what the ledger had already.
    """

    database: str
    target: Target
    applied: tuple[Migration, ...]
    journal: Journal | None
    alike: tuple[Migration, ...]
    drift: SchemaDifference | None
    verified: bool
    plan: Plan
    ran: bool = False
    before: tuple[Applied, ...] = ()

    @property
    def pending(self) -> tuple[Migration, ...]:
        """What the target has besides."""
        known = {migration.version for migration in self.applied} | {one.version for one in self.before}
        return tuple(migration for migration in self.target.set.migrations if migration.version not in known)


def adopt(
    project: Project,
    *,
    revision: str | None = None,
    with_drift: bool = False,
    notify: Notify = silent,
    decisions: Decisions = UNATTENDED,
) -> Adopted:
    """Fill the ledger with the migrations of the work tree, or of the commit `revision`, that are applied already.

    Raises GitmigError if the schema is not what they make; `with_drift` takes it over all the same.
    """
    target = load_target(project, revision)
    with project.connect("adopt", locked=True, notify=notify) as connection:
        state = read_state(connection)
        adoption = _Adoption(connection, target, notify)
        is_new = not (state.stack or state.unfinished)
        found = adoption.run(with_drift=with_drift) if is_new else adoption.go_on(state)
        if not permit(connection, project, found.gain, Caller.PERSON, decisions):
            return found.adopted
        project.announce_change(connection)
        trust.approve(project, [trust.Candidate.of(m, found.contents[m.path]) for m in found.adopted.applied])
        journal = found.adopted.journal
        ledger_writer.adopt(
            connection,
            state,
            found.rows,
            target.context,
            action="adopt",
            fingerprint=found.fingerprint,
            note=f"as {journal.tool.name} has it in {journal.table}" if journal else "as the schema shows",
        )
    return replace(found.adopted, ran=True)


def _nothing_more(database: str) -> GitmigError:
    """A ledger that says something already is not made anew."""
    return GitmigError(
        f"{database} has a ledger with applied migrations already: there is nothing to adopt",
        hint="`gitmig status` shows where it is",
    )


def _further(
    found: Schema, expected: ExpectedSchemas, pending: Sequence[Migration], position: int, limit: int
) -> tuple[Migration, ...]:
    """Those of the pending migrations, of which at most `limit` are applied, after which the schema is this one.

    `position` migrations are applied before them. A migration whose schema cannot be built ends the search.
    """
    schemas, _ = expected.every()
    alike = [place - position for place in positions_of(found, schemas) if position < place <= position + limit]
    return tuple(pending[count - 1] for count in alike)


class _Found(Struct, frozen=True, kw_only=True):
    """The result to be, and what makes it so: the ledger's new rows, `gain` is the same as a plan."""

    adopted: Adopted
    rows: tuple[Row, ...]
    gain: Plan
    fingerprint: str | None
    contents: dict[str, Content]


class _Adoption:
    """Finding out what is applied, on a connection that holds the lock. Nothing is written."""

    def __init__(self, connection: Connection, target: Target, notify: Notify) -> None:
        self._connection = connection
        self._target = target
        self._project = target.project
        self._notify = notify
        self._database = str(target.project.address)
        self._fingerprint: str | None = None

    def run(self, *, with_drift: bool) -> _Found:
        """Everything that is to be written. Raises GitmigError."""
        journal = find_journal(self._connection, self._target)
        candidates = by_journal(journal, self._target) if journal else self._target.set.migrations
        if journal and not candidates:
            raise nothing_to_adopt(self._database)
        contents = self._target.contents(candidates)
        rows = self._rows(candidates, contents)
        evidence = self._weigh(journal, candidates, rows)
        if evidence.drift and not with_drift:
            raise unlike(evidence, journal, candidates, self._database)
        applied, rows = candidates[: evidence.count], rows[: evidence.count]
        adopted = Adopted(
            database=self._database,
            target=self._target,
            applied=applied,
            journal=journal,
            alike=evidence.alike,
            drift=evidence.drift,
            verified=evidence.verified,
            plan=plan_for([applied_of(row) for row in rows], self._target),
        )
        fingerprint = None if evidence.drift else self._fingerprint
        gain = make_plan((), desire((), applied, contents))
        return _Found(adopted=adopted, rows=rows, gain=gain, fingerprint=fingerprint, contents=contents)

    def go_on(self, state: State) -> _Found:
        """What came on top of what the ledger has, if nothing but pending migrations did. Raises GitmigError.

        The other tool's table says which could have; the schema has to agree.
        """
        plan = plan_for(state.stack, self._target)
        pending = tuple(step.migration for step in plan.applies)
        if state.unfinished or plan.reverts or not pending or not self._project.settings.verify:
            raise _nothing_more(self._database)
        contents = self._target.contents(pending)
        rows = self._rows(pending, contents, len(state.stack) + 1)
        journal = find_journal(self._connection, self._target)
        claimed = set(by_journal(journal, self._target)) if journal else {*pending}
        limit = len([*takewhile(claimed.__contains__, pending)])
        expected = ExpectedSchemas(self._project, self._connection, [*state.stack, *map(applied_of, rows)], list(rows))
        found = expected.fingerprinter.measure(self._connection)
        if found.fingerprint == state.fingerprint:
            raise _nothing_more(self._database)
        expected.stand_on(found.schema)
        self._notify(BuildingDatabase(len(state.stack) + len(pending)))
        alike = _further(found.schema, expected, pending, len(state.stack), limit)
        if not alike:
            raise GitmigError(
                f"the schema of {self._database} is not what pending migrations make of it; nothing was changed",
                hint="`gitmig diff` shows how it differs from the work tree; `gitmig capture` makes a migration of it, "
                "`gitmig sync --discard-drift` takes it back",
            )
        count = pending.index(alike[-1]) + 1
        applied, rows = pending[:count], rows[:count]
        adopted = Adopted(
            database=self._database,
            target=self._target,
            applied=applied,
            journal=journal,
            alike=alike,
            drift=None,
            verified=True,
            plan=plan_for([*state.stack, *map(applied_of, rows)], self._target),
            before=state.stack,
        )
        gain = make_plan((), desire((), applied, contents))
        return _Found(
            adopted=adopted,
            rows=rows,
            gain=gain,
            fingerprint=found.fingerprint,
            contents=contents,
        )

    def _rows(self, migrations: Sequence[Migration], contents: dict[str, Content], first: int = 1) -> tuple[Row, ...]:
        return tuple(
            row_of(position, migration, contents[migration.path], self._target.context)
            for position, migration in enumerate(migrations, first)
        )

    def _weigh(self, journal: Journal | None, candidates: Sequence[Migration], rows: Sequence[Row]) -> Evidence:
        """Compare the schema with a fresh build; with every position of it, if nothing else says which one counts."""
        if journal and not self._project.settings.verify:
            return Evidence(count=len(rows), verified=False)
        expected = ExpectedSchemas(self._project, self._connection, [applied_of(row) for row in rows], rows)
        found = expected.fingerprinter.measure(self._connection)
        expected.stand_on(found.schema)
        self._fingerprint = found.fingerprint
        if journal is None:
            if found.schema.is_pristine and not expected.has_bootstrap:
                raise nothing_to_adopt(self._database)
            self._notify(BuildingDatabase(len(candidates)))
            return by_schema(expected, found.schema, candidates, self._database)
        drift = schema_difference(expected.schema(len(rows)), found.schema)
        return Evidence(count=len(rows), drift=drift or None)
