"""Workflow commands of GitHub Actions, which show findings beside the lines of a pull request.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.cli.formats import added
from gitmig.text import visible

if TYPE_CHECKING:
    from gitmig.check.findings import Finding
    from gitmig.cli.formats import CheckReport

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# What ends a message, and what ends a property as well.
MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = MESSAGE | {":": "%3A", ",": "%2C"}


def render(report: CheckReport) -> str:
    """One command per finding; then plain lines for the log."""
    lines = [_command(finding) for finding in report.findings]
    lines += [f"proof: {sentence}" for sentence in report.proven]
    lines += [f"clients: {sentence}" for sentence in report.client_trial]
    return "\n".join(map(visible, [*lines, f"{report.counted}: {added(report)}"]))


def _command(finding: Finding) -> str:
    values = {"file": finding.path, "line": finding.line if finding.path else None, "title": f"gitmig {finding.code}"}
    properties = ",".join(f"{key}={_escaped(str(value), PROPERTY)}" for key, value in values.items() if value)
    doubt = f"\nnot certain: {finding.doubt}" if finding.doubt else ""
    message = _escaped(f"{finding.message}{doubt}\n{finding.hint}", MESSAGE)
    return f"::{COMMANDS[finding.severity]} {properties}::{message}"


def _escaped(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)
