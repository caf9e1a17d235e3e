"""`gitmig check`: can the migrations of two sides live together? Changes nothing.

From top to bottom: `review`, all that is said about a branch; `prove`, which runs both orders on a scratch database.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gitmig.check.findings import in_order
from gitmig.check.proof import Orders, conclude, reconcile
from gitmig.execute.build import BuildFailed
from gitmig.postgres.address import location
from gitmig.postgres.embedded import MAINTENANCE, forget_libpq_variables
from gitmig.project.clients import ClientCode, broken_statements, find_clients
from gitmig.project.comparison import Checked, compare_sides
from gitmig.project.failures import not_fresh
from gitmig.project.sides import Reader, footprint_of
from gitmig.project.squawk import unsafe_statements
from gitmig.trials.orders import founded_scratch, run_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.clients.trial import ClientTrial
    from gitmig.check.findings import Finding
    from gitmig.check.proof import Proof
    from gitmig.migrations.model import Content, Migration
    from gitmig.project.project import Project
    from gitmig.project.trust import Consent
    from gitmig.trials.orders import FoundedScratch


# Which source code is looked at: True is SQL with a proof and words else, False nothing.
Clients = bool | Literal["words", "sql", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`checked`, with the `findings` of everything that was asked for, the most serious first.

    `proof` is None if it was not asked for, or not possible: then `unproven` says why. `clients` is how the SQL in
    source code was tried, None if it was not.
    """

    checked: Checked
    findings: tuple[Finding, ...]
    proof: Proof | None = None
    unproven: str | None = None
    clients: ClientTrial | None = None


def review(
    project: Project,
    base: str | None = None,
    revision: str | None = None,
    *,
    prove: bool = False,
    scratch: str | None = None,
    clients: Clients = True,
    lint: bool = True,
    consent: Consent | None = None,
) -> Review:
    """Check a revision (None: the work tree) against a base (None: the upstream's default branch).

    `prove` runs both orders on a scratch database; `clients` looks for source code that uses what the
    branch takes away: by its words, and with a proof, or for `sql` and `rollback`, by trying its SQL
    (see `ClientCode`). `lint` asks squawk if it is installed. `consent` is asked before untrusted scripts run. Raises
    GitmigError where it cannot be decided.
    """
    checked = compare_sides(project, base, revision)
    found = Review(checked=checked, findings=checked.findings)
    tries = clients in {"sql", "rollback"} or (clients is True and prove)
    if prove or tries:
        found = _tried(project, checked, scratch, consent, proves=prove, clients=clients if tries else False)
    more = list(found.findings)
    if found.clients:
        more += broken_statements(found.clients)
    if clients:
        branch = ((label, footprint_of(content)) for label, content in _added(checked))
        known = found.clients.lines if found.clients else frozenset()
        guessed = find_clients(project, checked.ours.commit, branch)
        more += [finding for finding in guessed if (finding.path, finding.line) not in known]
    if lint:
        more += unsafe_statements(project, ((label, content.up) for label, content in _added(checked)))
    return replace(found, findings=in_order(more))


def _tried(
    project: Project, checked: Checked, scratch: str | None, consent: Consent | None, *, proves: bool, clients: Clients
) -> Review:
    """What running the migrations shows, the proof and the clients as far as they are asked for."""
    from gitmig.project.trust import ask

    found = Review(checked=checked, findings=checked.findings)
    code = ClientCode.read(project, checked, _server_name(project, scratch)) if clients else None
    if proves or (code and code.missing):
        orders = orders_of(project, checked)
        if orders is None:
            return replace(found, unproven="git or gitmig cannot merge the migrations themselves: see the errors")
        pairs = [(m, orders.contents[m.blobs]) for m in orders.merged]
        ask(project, consent, pairs, checked.ours.snapshot, checked.base.snapshot)
        with founded_for(project, orders, scratch) as scratch_database:
            if proves:
                proof = prove(orders, scratch_database)
                found = replace(found, findings=tuple(reconcile(checked.findings, proof)), proof=proof)
            if code:
                code.try_missing(scratch_database, orders)
    return replace(found, clients=code.trial(rollback=clients == "rollback")) if code else found


def _added(checked: Checked) -> Iterator[tuple[str, Content]]:
    """Label and content of our migrations, as far as they could be read."""
    for migration in checked.ours_added:
        if content := checked.contents.get(migration.path):
            yield migration.label, content


@contextmanager
def founded_for(project: Project, orders: Orders, scratch: str | None = None) -> Iterator[FoundedScratch]:
    """A scratch database with what both sides have in common; the user's own database is not touched.

    `scratch` is the URL of a server on which a database may be made, or `embedded`; None is the project's own server.
    Raises GitmigError if there is no server, or the common migrations do not run.
    """
    bootstrap = project.bootstrap_sql()
    foundation = [orders.contents[migration.blobs].up for migration in orders.foundation]
    with _server(project, scratch) as server, project.programs() as programs:
        try:
            with founded_scratch(server, bootstrap, foundation, project.settings.ignore, programs=programs) as founded:
                yield founded
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure


def prove(orders: Orders, founded: FoundedScratch) -> Proof:
    """Try every order of the sides' migrations."""
    return conclude(orders, founded.before, run_orders(founded, orders.planned_runs()))


def orders_of(project: Project, checked: Checked) -> Orders | None:
    """The orders of two sides that were checked; None if one of the migrations cannot be read, which is a finding.

    What one side edited counts as the merge has it.
    """
    known = {_key(m): m for m in (*checked.theirs_added, *checked.ours_added)}
    merged = tuple(known.get(_key(m), m) for m in checked.merged.migrations)
    reader = Reader(project=project, layout=checked.layout)
    work_tree = {_key(m) for m in checked.ours.migrations}
    reader.read([m for m in merged if _key(m) in work_tree], checked.ours.snapshot, footprints=False)
    reader.read(merged, checked.base.in_git, footprints=False)
    if reader.problems or not set(map(_key, known.values())) <= set(map(_key, merged)):
        return None
    return Orders(
        ours=tuple(m for m in merged if m in checked.ours_added),
        theirs=tuple(m for m in merged if m in checked.theirs_added),
        merged=merged,
        contents=reader.contents,
    )


def _key(migration: Migration) -> tuple[str, str]:
    """What makes two migrations the same, wherever the folder lies."""
    return migration.label, migration.blobs


EMBEDDED = "embedded"


def _server_name(project: Project, scratch: str | None) -> str:
    """What tells that server from others; it need not run."""
    if scratch == EMBEDDED or (scratch is None and project.settings.database is None):
        return EMBEDDED
    return location(scratch or project.url)


@contextmanager
def _server(project: Project, scratch: str | None) -> Iterator[str]:
    """The URL of a database beside which scratch databases can be made.

    An embedded server that was started for nothing but that stops again.
    """
    if scratch is not None and scratch != EMBEDDED:
        yield scratch
        return
    if scratch == EMBEDDED or project.settings.database is None:
        forget_libpq_variables()
        is_started = project.server.start()
        try:
            yield project.server.url(MAINTENANCE)
        finally:
            if is_started and project.settings.database is not None:
                project.server.stop()
        return
    yield project.url
