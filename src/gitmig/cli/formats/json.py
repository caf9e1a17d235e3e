"""One JSON document, described in docs/json.md. Keys are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.cli import json
from gitmig.cli.output import to_json

if TYPE_CHECKING:
    from gitmig.check.proof import OrderFailure, Proof
    from gitmig.cli.formats import CheckReport


def render(report: CheckReport) -> str:
    """See docs/json.md, `gitmig check --json`."""
    shape = {
        "base": {"name": report.base.name, "commit": report.base.commit},
        "ours": {"name": report.ours.name, "commit": report.ours.commit},
        "merge_base": report.merge_base,
        "ours_added": [json.named(migration) for migration in report.ours.added],
        "theirs_added": [json.named(migration) for migration in report.base.added],
        "findings": [json.of_finding(finding) for finding in report.findings],
        "proof": of_proof(report.proof) if report.proof else None,
        "unproven": report.unproven,
    }
    return to_json(shape)


def of_proof(proof: Proof) -> dict[str, Any]:
    """The value of `proof`."""
    return {
        "holds": proof.holds,
        "orders": [
            {
                "order": order.value,
                "failure": _failure(proof.failures[order]) if order in proof.failures else None,
                "differs_in": [str(name) for name in proof.differences.get(order, ())],
            }
            for order in proof.orders
        ],
        "round_trip": {
            "holds": proof.round_trip,
            "failure": _failure(proof.revert_failure) if proof.revert_failure else None,
            "lost": [str(name) for name in proof.lost],
            "without_down": list(proof.without_down),
        },
    }


def _failure(failure: OrderFailure) -> dict[str, Any]:
    return {
        "migration": failure.label,
        "path": failure.path,
        "line": failure.line,
        "statement": failure.statement,
        "message": failure.message,
    }
