"""For a comment on a pull request."""

from __future__ import annotations

import re
from itertools import starmap
from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.cli.formats import PLACES, added, grouped, more_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.check.findings import Finding
    from gitmig.cli.formats import CheckReport

SIGNS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "ℹ️"}
# What would be taken for markup in the middle of a sentence: `user_id`, `*`, <name>, and the cells' own borders.
MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~@])")


def render(report: CheckReport) -> str:
    """A heading, a table of the findings, the proof, and how the code was tried."""
    lines = [f"### gitmig check: {_text(report.ours.name)} onto {_text(report.base.name)}", ""]
    lines += [f"**{report.counted}**: {_text(added(report))}"]
    if report.findings:
        lines += ["", "| | where | what | what to do |", "|---|---|---|---|", *starmap(_row, grouped(report.findings))]
    if report.proven:
        lines += ["", "**Proof**", "", *(f"- {_text(sentence)}" for sentence in report.proven)]
    if report.client_trial:
        lines += ["", "**Clients**", "", *(f"- {_text(sentence)}" for sentence in report.client_trial)]
    return "\n".join(lines)


def _row(finding: Finding, places: Sequence[str]) -> str:
    where = "<br>".join([*map(_code, places[:PLACES]), *more_places(places)])
    what = _text(finding.message) + (f" *(not certain: {_text(finding.doubt)})*" if finding.doubt else "")
    cells = (f"{SIGNS[finding.severity]} {finding.code}", where, what, _text(finding.hint))
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`".replace("|", "\\|")
