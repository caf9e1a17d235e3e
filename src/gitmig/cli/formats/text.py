"""For people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.cli.formats import PLACES, added, grouped, more_places
from gitmig.cli.output import styled
from gitmig.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.check.findings import Finding
    from gitmig.cli.formats import CheckReport

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(report: CheckReport) -> str:
    """Each finding with its hint, then the proof, how the code was tried, and how many findings there are."""
    lines = [line for finding, places in grouped(report.findings) for line in lines_of(finding, places)]
    lines += [f"proof: {sentence}" for sentence in report.proven]
    lines += [f"clients: {sentence}" for sentence in report.client_trial]
    counted = styled(report.counted, bold=True) if report.findings else styled("no conflicts", fg="green")
    return "\n".join(map(visible, [*lines, f"{counted}: {added(report)}"]))


def lines_of(finding: Finding, places: Sequence[str]) -> Iterator[str]:
    """A finding as people read it: what, where, what to do, and how sure."""
    word = styled(finding.severity.value, fg=COLOURS[finding.severity], bold=True)
    yield f"{word} {finding.code}: {finding.message}"
    yield from (f"  at {where}" for where in places[:PLACES])
    yield from (f"  {more}" for more in more_places(places))
    yield f"  hint: {finding.hint}"
    if finding.doubt:
        yield f"  not certain: {finding.doubt}"
