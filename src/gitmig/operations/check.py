"""`gitmig check`: can the migrations of two sides live together? Changes nothing.

What needs a database, and its modules with it, is loaded only if it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from gitmig.check.findings import in_order
from gitmig.project.clients import find_clients
from gitmig.project.comparison import compare_sides
from gitmig.project.squawk import unsafe_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.clients.trial import ClientTrial
    from gitmig.check.findings import Finding
    from gitmig.check.proof import Proof
    from gitmig.migrations.model import Content
    from gitmig.project.comparison import Checked
    from gitmig.project.project import Project
    from gitmig.project.trust import Consent


# Which source code is looked at: True is SQL with a proof and words else, False nothing.
Clients = bool | Literal["words", "sql", "rollback"]


class Review(Struct, frozen=True, kw_only=True):
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
    if clients:
        branch = [(m.label, checked.footprints[m.path]) for m in checked.ours_added if m.path in checked.footprints]
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
    from gitmig.check.proof import reconcile
    from gitmig.project.client_code import ClientCode, broken_statements
    from gitmig.project.proof import founded_for, orders_of, prove, server_name
    from gitmig.project.trust import ask

    found = Review(checked=checked, findings=checked.findings)
    code = ClientCode.read(project, checked, server_name(project, scratch)) if clients else None
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
    if code is None:
        return found
    trial = code.trial(rollback=clients == "rollback")
    return replace(found, clients=trial, findings=(*found.findings, *broken_statements(trial)))


def _added(checked: Checked) -> Iterator[tuple[str, Content]]:
    """Label and content of our migrations, as far as they could be read."""
    for migration in checked.ours_added:
        if content := checked.contents.get(migration.path):
            yield migration.label, content
