"""Shapes of what is computed from schemas: diff, capture, verify."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gitmig.cli.shapes.pieces import named, of_difference, of_objects, of_plan, of_set

if TYPE_CHECKING:
    from gitmig.core.verification import Finding as Observation
    from gitmig.operations.adopt import Adopted
    from gitmig.operations.capture import Captured
    from gitmig.operations.diff import Diff
    from gitmig.operations.verify import Verified


def of_diff(diff: Diff) -> dict[str, Any]:
    """`gitmig diff --json`."""
    difference = diff.difference
    return {
        "first": diff.first,
        "second": diff.second,
        "same": not difference,
        **of_difference(difference),
        "sql": list(diff.sql.statements) if diff.sql else None,
        "unhandled": of_objects(diff.sql.unhandled) if diff.sql else None,
    }


def of_capture(captured: Captured) -> dict[str, Any]:
    """`gitmig capture --json`."""
    return {
        "database": captured.database,
        "captured": captured.label,
        "paths": list(captured.paths),
        **of_difference(captured.drift),
        "findings": [_observation(note) for note in captured.notes],
        "pending": list(captured.pending),
    }


def of_adopt(adopted: Adopted) -> dict[str, Any]:
    """`gitmig adopt --json`."""
    journal, drift = adopted.journal, adopted.drift
    return {
        "ran": adopted.ran,
        "database": adopted.database,
        "commit": adopted.target.commit,
        "tool": journal.tool.name if journal else None,
        "table": {"schema": journal.schema, "name": journal.tool.table} if journal else None,
        "adopted": [named(migration) for migration in adopted.applied],
        "alike": [named(migration) for migration in adopted.alike],
        "pending": [named(migration) for migration in adopted.pending],
        "verified": adopted.verified,
        "drift": of_difference(drift) if drift else None,
        "plan": of_plan(adopted.plan),
    }


def of_verify(found: Verified) -> dict[str, Any]:
    """`gitmig verify --json`."""
    return {
        "commit": found.selection.target.commit,
        "set": of_set(found.selection.target.set),
        "selected": found.selection.words,
        "migrations": [
            {**named(v.migration), "path": v.migration.path, "findings": [_observation(f) for f in v.findings]}
            for v in found.verdicts
        ],
        "unreached": [named(migration) for migration in found.unreached],
    }


def _observation(finding: Observation) -> dict[str, Any]:
    failure = finding.failure
    return {
        "outcome": finding.outcome.value,
        "weight": finding.outcome.weight.value,
        "objects": of_objects(finding.objects),
        "failure": {**asdict(failure), "stage": failure.stage.value} if failure else None,
    }
