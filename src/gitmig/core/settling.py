"""Static findings in the light of a proof: what was run decides over what was only read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.core.proof import Failure, Proof, Way
    from gitmig.core.schema import ObjectName

FAILS, DIFFERS, ONE_WAY = "GM501", "GM502", "GM503"
# They say that an order of the two sides fails or leaves another schema: running both orders shows whether it does.
SETTLED = frozenset({"GM201", "GM202", "GM203", "GM204", "GM205", "GM207", "GM208", "GM209", "GM212", "GM215", "GM216"})
BLIND = "GM401"
# Ours sorts before something of the base: of no consequence where the order is of none.
ORDER = "GM107"
# They depend on rows, or on what functions do when they are called: an empty database shows a conflict, but not that
# there is none.
SHOWN_ONLY = frozenset({"GM206", "GM210", "GM211", "GM213"})
WITHOUT_ROWS = "both orders run on a database without rows"


def settle(findings: Sequence[Finding], proof: Proof) -> list[Finding]:
    """The findings that stand once both orders were run, and those that only the proof has.

    Where both orders give one schema, errors and warnings that say otherwise are gone. Where they do not, an error
    that names the migration that failed, or an object that differs, is certain; if there is none, the proof's own
    words are the finding. Notes stay as they are, but for what could not be seen into: it was run.
    """
    if proof.holds:
        return [*_standing(findings), *_way_back(proof)]
    failed = {failure.label for failure in proof.failures.values()}
    differing = {str(name) for names in proof.differences.values() for name in names}
    kept = [replace(f, doubt=None) if _explains(f, failed, differing) else f for f in findings]
    explained = [finding for finding in kept if _explains(finding, failed, differing)]
    labels = {label for finding in explained for label in finding.migrations}
    own = [_failed(orders, failure) for failure, orders in proof.culprits.items() if failure.label not in labels]
    if not explained:
        own += [_differs(way, names) for way, names in proof.differences.items()]
    return [*kept, *own, *_way_back(proof)]


def _standing(findings: Sequence[Finding]) -> Iterator[Finding]:
    for finding in findings:
        if finding.code in SHOWN_ONLY:
            yield replace(finding, doubt=finding.doubt or WITHOUT_ROWS)
        elif finding.code == ORDER:
            yield replace(finding, severity=Severity.NOTE, doubt=None)
        elif finding.code != BLIND and (finding.code not in SETTLED or finding.severity is Severity.NOTE):
            yield finding


def _explains(finding: Finding, failed: set[str], differing: set[str]) -> bool:
    """Whether an error is about a migration that failed, or about an object that differs."""
    about = not failed.isdisjoint(finding.migrations) or not differing.isdisjoint(finding.objects)
    return finding.severity is Severity.ERROR and about


def _failed(orders: str, failure: Failure) -> Finding:
    return Finding(
        code=FAILS,
        severity=Severity.ERROR,
        message=f"{orders}: {failure.label} fails at {failure.place}: {failure.message}",
        hint="change one of the two sides so that the order does not matter, or `gitmig renumber`",
        migrations=(failure.label,),
        path=failure.path,
        line=failure.line,
    )


def _differs(way: Way, names: Sequence[ObjectName]) -> Finding:
    return Finding(
        code=DIFFERS,
        severity=Severity.ERROR,
        message=f"{way.value}: it runs and gives another schema: {_counted(names)}",
        hint="decide what it shall be, and write that into the later of the migrations",
        objects=tuple(str(name) for name in names),
    )


def _way_back(proof: Proof) -> Iterator[Finding]:
    """A down that fails, or forgets something. A missing down is not the proof's to find."""
    hint = "a down shall be exactly the opposite of its up"
    if failure := proof.back_failure:
        yield Finding(
            code=ONE_WAY,
            severity=Severity.WARNING,
            message=f"the down of {failure.label} fails at {failure.place}: {failure.message}",
            hint=hint,
            migrations=(failure.label,),
            path=failure.path,
            line=failure.line,
        )
    if proof.lost:
        yield Finding(
            code=ONE_WAY,
            severity=Severity.WARNING,
            message=f"the downs do not bring back the schema before them: {_counted(proof.lost)}",
            hint=hint,
            objects=tuple(str(name) for name in proof.lost),
        )


def _counted(names: Sequence[ObjectName]) -> str:
    return f"{names[0]} differs" if len(names) == 1 else f"{len(names)} objects differ"
