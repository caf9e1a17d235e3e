"""For people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli.formats import place
from gitmig.cli.formats.proof import sentences
from gitmig.core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.cli.formats import Report
    from gitmig.core.findings import Finding

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(report: Report) -> str:
    """Each finding with its hint, then the proof, then how many there are."""
    lines = [line for finding in report.findings for line in _lines(finding)]
    lines += [f"proof: {sentence}" for sentence in (sentences(report.proof) if report.proof else ())]
    return "\n".join([*lines, f"{report.ours} onto {report.base}: {report.counted()}"])


def _lines(finding: Finding) -> Iterator[str]:
    word = click.style(f"{finding.severity.value}:", fg=COLOURS[finding.severity], bold=True)
    yield f"{word} {finding.message} [{finding.code}]"
    if where := place(finding):
        yield f"  at {where}"
    if finding.doubt:
        yield f"  not certain: {finding.doubt}"
    yield f"  hint: {finding.hint}"
