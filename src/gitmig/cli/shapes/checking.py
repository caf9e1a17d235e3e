"""Shapes of what is found before a merge: findings, radar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitmig.core.findings import Finding
    from gitmig.operations.radar import Radar


def of_finding(finding: Finding) -> dict[str, Any]:
    """One finding of `gitmig check`."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "migrations": list(finding.migrations),
        "objects": list(finding.objects),
        "path": finding.path,
        "line": finding.line,
        "doubt": finding.doubt,
    }


def of_radar(radar: Radar) -> dict[str, Any]:
    """`gitmig check --all --json`."""
    return {
        "base": radar.base,
        "branches": radar.branches,
        "adding": list(radar.adding),
        "pairs": [
            {"first": pair.first, "second": pair.second, "findings": [of_finding(finding) for finding in pair.findings]}
            for pair in radar.pairs
        ],
        "unreadable": [{"place": place, "message": message} for place, message in radar.unreadable],
    }
