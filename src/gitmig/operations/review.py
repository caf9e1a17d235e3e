"""All that `gitmig check` can say about a branch: conflicts, their proof, clients left behind, unsafe statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.findings import in_order
from gitmig.operations.check import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.core.findings import Finding
    from gitmig.core.migration import Content
    from gitmig.core.proof import Proof
    from gitmig.operations.check import Checked
    from gitmig.operations.project import Project
    from gitmig.operations.trust import Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`checked`, with the `findings` of everything that was asked for, the most serious first.

    `proof` is None if it was not asked for, or not possible: then `unproven` says why.
    """

    checked: Checked
    findings: tuple[Finding, ...]
    proof: Proof | None = None
    unproven: str | None = None


def review(
    project: Project,
    base: str | None = None,
    revision: str | None = None,
    *,
    prove: bool = False,
    scratch: str | None = None,
    clients: bool = True,
    lint: bool = True,
    consent: Consent | None = None,
) -> Review:
    """Check a revision (None: the work tree) against a base (None: the upstream's default branch).

    `prove` runs both orders on a scratch database (see `operations.prove`); `clients` looks for source code that uses
    what the branch takes away, `lint` asks squawk if it is installed. `consent` is asked before a proof runs untrusted
    scripts. Raises GitmigError where it cannot be decided.
    """
    checked = check(project, base, revision)
    proven = Review(checked=checked, findings=checked.findings)
    if prove:
        proven = _proven(project, checked, scratch, consent)
    found = list(proven.findings)
    if clients:
        found += _clients(project, checked)
    if lint:
        found += _lint(project, checked)
    return Review(checked=checked, findings=in_order(found), proof=proven.proof, unproven=proven.unproven)


def _proven(project: Project, checked: Checked, scratch: str | None, consent: Consent | None) -> Review:
    from gitmig.core.settling import settle
    from gitmig.operations.prove import orders_of, prove
    from gitmig.operations.trust import ask

    orders = orders_of(project, checked)
    if orders is None:
        why = "git or gitmig cannot merge the migrations themselves: see the errors"
        return Review(checked=checked, findings=checked.findings, unproven=why)
    pairs = [(m, orders.contents[m.blobs]) for m in orders.merged]
    ask(project, consent, pairs, checked.ours.snapshot, checked.base.snapshot)
    proof = prove(project, orders, scratch)
    return Review(checked=checked, findings=tuple(settle(checked.findings, proof)), proof=proof)


def _clients(project: Project, checked: Checked) -> list[Finding]:
    from gitmig.operations.clients import clients
    from gitmig.operations.sides import footprint_of

    branch = ((label, footprint_of(content)) for label, content in _added(checked))
    return clients(project, checked.ours.commit, branch)


def _lint(project: Project, checked: Checked) -> list[Finding]:
    from gitmig.operations.lint import lint

    return lint(project, ((label, content.up) for label, content in _added(checked)))


def _added(checked: Checked) -> Iterator[tuple[str, Content]]:
    """Label and content of our migrations, as far as they could be read."""
    for migration in checked.ours_added:
        if content := checked.contents.get(migration.path):
            yield migration.label, content
