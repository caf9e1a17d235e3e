"""What is said about a migration that was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.render import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.verification import Failure, Finding

SHOWN_OBJECTS = 3


def why(finding: Finding) -> str:
    """The reason in one line: the statement that was refused, or the objects that differ."""
    if finding.failure is not None:
        return _refusal(finding.failure)
    shown = [str(name) for name in finding.objects[:SHOWN_OBJECTS]]
    if more := len(finding.objects) - len(shown):
        shown.append(f"{more} more")
    return ", ".join(shown)


def warn_of(findings: Sequence[Finding]) -> None:
    """One warning per finding."""
    for finding in findings:
        reason = why(finding)
        warn(f"{finding.outcome.value}: {reason}" if reason else finding.outcome.value)


def _refusal(failure: Failure) -> str:
    parts = [f"{failure.path}:{failure.line}: {failure.message}", failure.detail, failure.row and f"row {failure.row}"]
    return "; ".join(" ".join(part.split()) for part in parts if part)
