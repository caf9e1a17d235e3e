"""Pieces that several shapes share.

Shapes of what is found before a merge: findings, radar.

Shapes of what git knows: show and log.

Shapes of kept rows.

Shapes of what is computed from schemas: diff, capture, verify.

Shapes of what brings the database along: status, sync, rebuild, renumber.

The JSON shapes of docs/json.md. Keys are only ever added.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gitmig.cli.wording import why
from gitmig.migrations.plan import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.check.findings import Finding
    from gitmig.execute.ledger_writer import Done
    from gitmig.migrations.model import Migration, MigrationSet, Problem
    from gitmig.migrations.plan import Applied, Plan, Replacement, Step
    from gitmig.migrations.record import Record
    from gitmig.operations.adopt import Adopted
    from gitmig.operations.capture import Captured
    from gitmig.operations.check_all import Radar
    from gitmig.operations.diff import Diff
    from gitmig.operations.kept import KeptEntry, KeptRows
    from gitmig.operations.log import LogEntry
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.renumber import Renumbered
    from gitmig.operations.show import Shown
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Synced
    from gitmig.operations.verify import Verified
    from gitmig.project.trust import Candidate
    from gitmig.schema.model import ObjectName, SchemaDifference
    from gitmig.trials.round_trip import Finding as Observation


def named(subject: Migration | Applied) -> dict[str, Any]:
    """A migration."""
    return {"version": subject.version.text, "name": subject.name}


def of_step(step: Step) -> dict[str, Any]:
    """A *step*."""
    return {"direction": step.direction.value, **named(step.subject)}


def of_set(members: MigrationSet) -> dict[str, Any]:
    """A *set*."""
    return {"id": members.id, "count": len(members)}


def of_plan(plan: Plan) -> dict[str, Any]:
    """A *plan*."""
    return {
        "reverts": [of_step(step) for step in plan.reverts],
        "replacement": _of_replacement(plan.replacement) if plan.replacement else None,
        "applies": [of_step(step) for step in plan.applies],
        "irreversible": [of_step(step) for step in plan.irreversible],
        "moves": [{"from": m.applied.label, "to": m.desired.migration.label} for m in plan.moves if m.renamed],
    }


def _of_replacement(replacement: Replacement) -> dict[str, Any]:
    """What gives way to what without a script."""
    return {
        "going": [named(applied) for applied in replacement.going],
        "coming": [named(step.subject) for step in replacement.coming],
    }


def of_problem(problem: Problem) -> dict[str, Any]:
    """What is wrong with a file, and where."""
    return {"path": problem.path, "line": problem.line, "message": problem.message}


def of_record(record: Record) -> dict[str, Any]:
    """A *record*."""
    return {
        "set": {"id": record.set_id, "count": record.count},
        "added": list(record.added),
        "removed": list(record.removed),
        "edited": list(record.edited),
    }


def of_objects(names: Iterable[ObjectName]) -> list[dict[str, str]]:
    """Objects by kind and name."""
    return [{"kind": name.kind, "name": name.name} for name in names]


def of_difference(difference: SchemaDifference) -> dict[str, Any]:
    """What one schema lacks, has too much, and has otherwise."""
    groups = {"missing": difference.missing, "surplus": difference.surplus, "changed": difference.changed}
    return {word: of_objects(names) for word, names in groups.items()}


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


def of_show(shown: Shown) -> dict[str, Any]:
    """`gitmig show --json`."""
    members = shown.target.set
    return {
        "commit": shown.target.commit,
        "set": of_set(members),
        "folder": members.folder,
        "layout": members.layout,
        "migrations": [
            {**named(m), "paths": [file.path for _, file in m.files], "irreversible": m.label in shown.irreversible}
            for m in members.migrations
        ],
        "left_alone": [problem.path for problem in shown.target.left_alone],
        "flawed_downs": [of_problem(problem) for problem in shown.flawed],
        "record": of_record(shown.record) if shown.record else None,
        "record_disagrees": shown.disagrees,
    }


def of_log(entry: LogEntry) -> dict[str, Any]:
    """One element of `gitmig log --json`."""
    commit = entry.commit
    return {
        "commit": commit.id,
        "at": commit.at,
        "author": commit.author,
        "subject": commit.subject,
        "database_is_here": entry.here,
        "record": of_record(entry.record) if entry.record else None,
    }


def of_kept(entry: KeptEntry) -> dict[str, Any]:
    """One element of `gitmig kept --json`."""
    item, found = entry.item, entry.found
    return {
        "number": item.id,
        "migration": {"version": item.version, "name": item.migration},
        "direction": item.direction.value,
        "table": {"schema": item.table.schema, "name": item.table.name},
        "columns": [
            {"name": c.name, "type": c.type, "key": c.key, "lost": item.heir is None or c.heir is None}
            for c in item.columns
        ],
        "rows": item.rows,
        "bytes": item.bytes,
        "kept_at": item.kept_at.isoformat(),
        "kept_by": item.kept_by,
        "commit": item.commit,
        "brought_back_by": None if found is None else ("up" if item.direction is Direction.REVERT else "down"),
        "migration_exists": None if found is None else bool(found),
        "found_in": None
        if found is None
        else {"applied": found.applied, "work_tree": found.in_work_tree, "branches": list(found.branches)},
        "due": item.due,
        "reason": why(item.reason, item.detail) if item.reason else None,
    }


def of_kept_rows(shown: KeptRows) -> dict[str, Any]:
    """`gitmig kept show --json`."""
    return {
        **of_kept(shown.entry),
        "values": [{"values": row, "reason": why(*waits) if waits else None} for row, waits in shown.rows],
    }


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


def of_sync(outcome: Synced) -> dict[str, Any]:
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


__all__ = [
    "named",
    "of_adopt",
    "of_capture",
    "of_diff",
    "of_finding",
    "of_kept",
    "of_kept_rows",
    "of_log",
    "of_radar",
    "of_rebuild",
    "of_renumber",
    "of_show",
    "of_status",
    "of_sync",
    "of_trust",
    "of_verify",
]
