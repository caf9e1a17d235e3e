"""The forms in which a review is printed. A new one is one new module with `render`, and its name in `FORMATS`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.cli.output import plural, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.check.clients.trial import ClientTrial
    from gitmig.check.findings import Finding
    from gitmig.check.proof import Proof
    from gitmig.migrations.model import Migration
    from gitmig.operations.check import Review

COMMIT = re.compile(r"[0-9a-f]{40,64}")
FORMATS = ("text", "json", "github", "sarif", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSide:
    """A side as people name it, its commit, and the migrations it adds."""

    name: str
    commit: str
    added: tuple[Migration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What there is to print. `proof`, `unproven` and `clients` are None if they were not asked for."""

    base: ReportSide
    ours: ReportSide
    merge_base: str
    findings: tuple[Finding, ...]
    proof: Proof | None = None
    unproven: str | None = None
    clients: ClientTrial | None = None

    @classmethod
    def of(cls, review: Review) -> CheckReport:
        """The report of a review."""
        checked = review.checked
        return cls(
            base=ReportSide(name=_readable(checked.base.name), commit=checked.base.commit, added=checked.theirs_added),
            ours=ReportSide(name=_readable(checked.ours.name), commit=checked.ours.commit, added=checked.ours_added),
            merge_base=checked.merge_base,
            findings=review.findings,
            proof=review.proof,
            unproven=review.unproven,
            clients=review.clients,
        )

    @property
    def counted(self) -> str:
        """`1 error, 2 warnings`; `no findings` where there are none."""
        numbers = {severity: sum(f.severity is severity for f in self.findings) for severity in Severity}
        return ", ".join(plural(n, severity.value) for severity, n in numbers.items() if n) or "no findings"

    @property
    def proven(self) -> list[str]:
        """The proof in words."""
        from gitmig.cli.formats.proof import sentences

        return sentences(self.proof) if self.proof else [f"none: {self.unproven}"] if self.unproven else []

    @property
    def client_trial(self) -> list[str]:
        """How the code was tried, in words; nothing if there is no SQL in it."""
        if self.clients is None or not self.clients.files:
            return []
        if failure := self.clients.failure:
            return [f"not tried: {failure.label} at {failure.place}: {failure.message}"]
        said = f"{plural(self.clients.tried, 'SQL statement')} in {plural(self.clients.files, 'file')} tried"
        foreign = f"; {self.clients.foreign} of them no schema takes" if self.clients.foreign else ""
        return [said + foreign]


def _readable(name: str) -> str:
    """A revision as people write it: hooks and CI name whole commit ids."""
    return short(name) if COMMIT.fullmatch(name) else name


def render(name: str, report: CheckReport) -> str:
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


PLACES = 5  # that are told of one finding; JSON, SARIF and annotations have them all


def grouped(findings: Sequence[Finding]) -> list[tuple[Finding, list[str]]]:
    """Findings that differ in nothing but their place, once, with the places."""
    groups: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.message, finding.hint, finding.doubt)
        _, places = groups.setdefault(key, (finding, []))
        if (where := place(finding)) and where not in places:
            places.append(where)
    return list(groups.values())


def more_places(places: Sequence[str]) -> list[str]:
    """What stands behind the first places: `and 3 more places`, if there are more."""
    return [f"and {plural(len(places) - PLACES, 'more place')}"] if places[PLACES:] else []


def added(report: CheckReport) -> str:
    """What each side adds: `feature adds 2 migrations, main 1, since 0123456789`."""
    ours = f"{report.ours.name} adds {plural(len(report.ours.added), 'migration')}"
    return f"{ours}, {report.base.name} {len(report.base.added)}, since {report.merge_base[:10]}"
