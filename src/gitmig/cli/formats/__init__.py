"""The forms in which findings are printed. A new one is one new module with `render`, and its name in `FORMATS`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from gitmig.core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.findings import Finding
    from gitmig.core.proof import Proof

FORMATS = ("text", "json", "github", "sarif", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check has to say about two sides, named as people name them; `proof` is None if there was none."""

    base: str
    ours: str
    findings: tuple[Finding, ...]
    proof: Proof | None = None

    def counted(self) -> str:
        """`1 error, 2 warnings`; `no findings` where there are none."""
        numbers = {severity: sum(f.severity is severity for f in self.findings) for severity in Severity}
        words = [f"{n} {severity.value}{'s' * (n != 1)}" for severity, n in numbers.items() if n]
        return ", ".join(words) or "no findings"


def render(name: str, report: Report) -> str:
    """The report in one of `FORMATS`, without a line end behind it."""
    text: str = import_module(f"gitmig.cli.formats.{name}").render(report)
    return text


def status(findings: Sequence[Finding], *, strict: bool) -> int:
    """The exit status of a check: 1 if there is an error or, `strict`, a warning; else 0."""
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(finding.severity in grave for finding in findings))


def place(finding: Finding) -> str:
    """`path:line`, as far as it is known; empty if there is no one place."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path or ""
