"""Shapes of what brings the database along: status, sync, rebuild, renumber."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.cli.kept_rows import why
from gitmig.cli.shapes.pieces import named, of_difference, of_plan, of_problem, of_set, of_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.schema import SchemaDifference
    from gitmig.database.book import Done
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.renumber import Renumbered
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Outcome
    from gitmig.operations.trust import Candidate


def of_status(status: Status) -> dict[str, Any]:
    """`gitmig status --json`."""
    difference = status.difference
    return {
        "in_sync": status.in_sync,
        "database": status.database,
        "database_from": status.source,
        "foreign": status.foreign.origin.to_json() if status.foreign else None,
        "untrusted": list(status.untrusted),
        "commit": status.target.commit,
        "set": of_set(status.target.set),
        "applied": {"id": status.state.set_id, "count": len(status.state.stack), "commit": status.state.commit},
        "pending": [named(migration) for migration in difference.pending],
        "phantom": [named(applied) for applied in difference.phantom],
        "edited": [named(migration) for migration in difference.edited],
        "plan": of_plan(status.plan),
        "drift": _drift(status.drift),
        "blocked": status.blocked.message if status.blocked else None,
        "left_alone": [problem.path for problem in status.target.left_alone],
        "flawed_downs": [of_problem(problem) for problem in status.flawed],
        "unfinished": status.state.unfinished.row.label if status.state.unfinished else None,
    }


def of_sync(outcome: Outcome) -> dict[str, Any]:
    """`gitmig sync --json`."""
    return {
        "ran": outcome.ran,
        "database": outcome.database,
        "commit": outcome.target.commit,
        "from_set": outcome.from_set,
        "set": of_set(outcome.target.set),
        "plan": of_plan(outcome.plan),
        "drift": _drift(outcome.drift),
        "done": [_done(done) for done in outcome.done],
        "rebuilt": of_rebuild(outcome.rebuilt) if outcome.rebuilt else None,
    }


def of_rebuild(rebuilt: Rebuilt) -> dict[str, Any]:
    """`gitmig sync --rebuild --json`."""
    return {
        "database": rebuilt.database,
        "kept_as": rebuilt.kept_as,
        "commit": rebuilt.target.commit,
        "set": of_set(rebuilt.target.set),
        "carried": [{"table": one.table, "rows": one.rows} for one in rebuilt.carried],
        "set_aside": [
            {"table": one.table, "rows": one.rows, "item": one.item, "reason": one.reason} for one in rebuilt.aside
        ],
        "notes": list(rebuilt.notes),
    }


def of_renumber(done: Renumbered) -> dict[str, Any]:
    """`gitmig renumber --json`."""
    return {
        "ran": done.ran,
        "onto": done.base,
        "renamed": [
            {"from": one.migration.label, "to": one.label, "paths": [{"from": a, "to": b} for a, b in one.paths]}
            for one in done.renamings
        ],
        "rewritten": list(done.rewritten),
        "database_followed": done.followed,
    }


def _done(done: Done) -> dict[str, Any]:
    repair = {"way": done.repair.way.value, "reason": done.repair.reason} if done.repair else None
    return {
        **of_step(done.step),
        "milliseconds": done.milliseconds,
        "repair": repair,
        "kept": [
            {"item": k.item, "table": str(k.table), "columns": list(k.columns), "rows": k.rows} for k in done.rows.kept
        ],
        "restored": [{"table": str(one.table), "rows": one.rows} for one in done.rows.restored],
        "staying": [
            {"item": one.item, "table": str(one.table), "rows": one.rows, "why": why(one.reason, one.detail)}
            for one in done.rows.staying
        ],
    }


def _drift(drift: SchemaDifference | None) -> dict[str, Any] | None:
    return None if drift is None else of_difference(drift)


def of_trust(found: Sequence[Candidate], *, approved: bool) -> dict[str, Any]:
    """`gitmig trust --json`."""
    return {
        "untrusted": [{"name": one.label, "path": one.path, "scripts": dict(one.scripts)} for one in found],
        "approved": approved,
    }
