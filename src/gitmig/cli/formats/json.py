"""One JSON document, described in docs/json.md. Keys are only ever added."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitmig.cli.formats import Report
    from gitmig.core.findings import Finding
    from gitmig.core.proof import Failure, Proof


def render(report: Report) -> str:
    """See docs/json.md, `gitmig check --format json`."""
    shape = {
        "base": report.base,
        "ours": report.ours,
        "findings": [of_finding(finding) for finding in report.findings],
        "proof": of_proof(report.proof) if report.proof else None,
    }
    return json.dumps(shape, indent=2, ensure_ascii=False)


def of_finding(finding: Finding) -> dict[str, Any]:
    """One element of `findings`."""
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


def of_proof(proof: Proof) -> dict[str, Any]:
    """The value of `proof`."""
    return {
        "holds": proof.holds,
        "orders": [
            {
                "order": way.value,
                "failure": _failure(proof.failures[way]) if way in proof.failures else None,
                "differs_in": [str(name) for name in proof.differences.get(way, ())],
            }
            for way in proof.ways
        ],
        "round_trip": {
            "holds": proof.round_trip,
            "failure": _failure(proof.back_failure) if proof.back_failure else None,
            "lost": [str(name) for name in proof.lost],
            "without_down": list(proof.one_way),
        },
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "migration": failure.label,
        "path": failure.path,
        "line": failure.line,
        "statement": failure.statement,
        "message": failure.message,
    }
