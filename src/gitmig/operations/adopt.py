"""Mark as applied what is applied to a database that had no ledger so far, without running anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from gitmig.core.plan import desire, make_plan
from gitmig.core.protection import Caller
from gitmig.core.schema import schema_difference
from gitmig.database import adoption
from gitmig.database.connection import Address
from gitmig.database.ledger import applied_of, read_state
from gitmig.database.tasks import Context, row_of
from gitmig.errors import GitmigError
from gitmig.operations import trust
from gitmig.operations.evidence import Evidence, by_journal, by_schema, find_journal, nothing_to_adopt, unlike
from gitmig.operations.expected import Expected
from gitmig.operations.planning import plan_for
from gitmig.operations.protection import ProtectionObserver, permit
from gitmig.operations.target import load_target
from gitmig.repository import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.migration import Content, Migration
    from gitmig.core.plan import Plan
    from gitmig.core.schema import SchemaDifference
    from gitmig.database.connection import Connection
    from gitmig.database.foreign import Journal
    from gitmig.database.ledger import Row, State
    from gitmig.database.lock import Holder
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target


class AdoptObserver(ProtectionObserver, Protocol):
    """Is told what an adoption takes its time for, and asked before a protected database is written to."""

    def waiting(self, holder: Holder) -> None:
        """Somebody else holds the lock."""

    def building(self, count: int) -> None:
        """So many migrations are built to compare the schema with each position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What is marked as applied now, and how that is known. `ran` is False if it was called off.

    `journal` is the other tool's table; without one the schema said it, and `alike` are the migrations after which it
    is the same. `drift` is how the schema differs from what the migrations make, None also if nobody looked (not
    `verified`). `plan` is what a sync to the target has still to do.
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

    @property
    def pending(self) -> tuple[Migration, ...]:
        """What the target has besides."""
        known = {migration.version for migration in self.applied}
        return tuple(migration for migration in self.target.set.migrations if migration.version not in known)


def adopt(
    project: Project, observer: AdoptObserver, *, revision: str | None = None, with_drift: bool = False
) -> Adopted:
    """Fill the ledger with the migrations of the work tree, or of the commit `revision`, that are applied already.

    Raises GitmigError if the schema is not what they make; `with_drift` takes it over all the same.
    """
    target = load_target(project, revision)
    database = str(Address.of(project.url))
    with project.connect("adopt", on_wait=observer.waiting) as connection:
        state = read_state(connection)
        _refuse_known(state, database)
        found = _Search(connection, target, observer).run(with_drift=with_drift)
        if not permit(connection, project, found.gain, Caller.PERSON, observer):
            return found.adopted
        stamp.forget(project.repository)
        trust.approve(project, [trust.Candidate.of(m, found.contents[m.path]) for m in found.adopted.applied])
        journal = found.adopted.journal
        adoption.adopt(
            connection,
            state,
            found.rows,
            found.context,
            action="adopt",
            fingerprint=found.fingerprint,
            note=f"as {journal.tool.name} has it in {journal.table}" if journal else "as the schema shows",
        )
    return replace(found.adopted, ran=True)


def _refuse_known(state: State, database: str) -> None:
    """A ledger that says something already is not made anew. Raises GitmigError."""
    if state.stack or state.unfinished:
        raise GitmigError(
            f"{database} has a ledger with applied migrations already: there is nothing to adopt",
            hint="`gitmig status` shows where it is",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The result to be, and what makes it so: the ledger's new rows, `gain` is the same as a plan."""

    adopted: Adopted
    rows: tuple[Row, ...]
    gain: Plan
    context: Context
    fingerprint: str | None
    contents: dict[str, Content]


class _Search:
    """Finding out what is applied, on a connection that holds the lock. Nothing is written."""

    def __init__(self, connection: Connection, target: Target, observer: AdoptObserver) -> None:
        self._connection = connection
        self._target = target
        self._project = target.project
        self._observer = observer
        self._database = str(Address.of(target.project.url))
        self._context = Context(target=target.set, commit=target.commit, by=target.project.user)
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
        return _Found(
            adopted=adopted, rows=rows, gain=gain, context=self._context, fingerprint=fingerprint, contents=contents
        )

    def _rows(self, migrations: Sequence[Migration], contents: dict[str, Content]) -> tuple[Row, ...]:
        return tuple(
            row_of(position, migration, contents[migration.path], self._context)
            for position, migration in enumerate(migrations, 1)
        )

    def _weigh(self, journal: Journal | None, candidates: Sequence[Migration], rows: Sequence[Row]) -> Evidence:
        """Compare the schema with a fresh build; with every position of it, if nothing else says which one counts."""
        if journal and not self._project.settings.verify:
            return Evidence(count=len(rows), verified=False)
        expected = Expected(self._project, self._connection, [applied_of(row) for row in rows], rows)
        found = expected.gauge.measure(self._connection)
        expected.stand_on(found.schema)
        self._fingerprint = found.fingerprint
        if journal is None:
            if found.schema.is_pristine and not expected.has_bootstrap:
                raise nothing_to_adopt(self._database)
            self._observer.building(len(candidates))
            return by_schema(expected, found.schema, candidates, self._database)
        drift = schema_difference(expected.schema(len(rows)), found.schema)
        return Evidence(count=len(rows), drift=drift or None)
