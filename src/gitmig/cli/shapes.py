"""The JSON shapes of docs/json.md. Keys are only ever added."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.findings import Finding
    from gitmig.core.kept.item import Item
    from gitmig.core.migration import Migration, MigrationSet
    from gitmig.core.plan import Applied, Plan, Step
    from gitmig.core.record import Record
    from gitmig.core.schema import ObjectName, SchemaDifference
    from gitmig.core.verification import Finding as Observation
    from gitmig.database.book import Done
    from gitmig.operations.capture import Captured
    from gitmig.operations.diff import Diff
    from gitmig.operations.kept import Shown as ShownItem
    from gitmig.operations.log import Entry
    from gitmig.operations.radar import Radar
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.renumber import Renumbered
    from gitmig.operations.show import Shown
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Outcome
    from gitmig.operations.verify import Verified


def of_status(status: Status) -> dict[str, Any]:
    """`gitmig status --json`."""
    difference = status.difference
    return {
        "in_sync": status.in_sync,
        "database": status.database,
        "database_from": status.source,
        "commit": status.target.commit,
        "set": _set(status.target.set),
        "applied": {"id": status.state.set_id, "count": len(status.state.stack), "commit": status.state.commit},
        "pending": [named(migration) for migration in difference.pending],
        "phantom": [named(applied) for applied in difference.phantom],
        "edited": [named(migration) for migration in difference.edited],
        "plan": _plan(status.plan),
        "drift": _drift(status.drift),
        "unfinished": status.state.unfinished.row.label if status.state.unfinished else None,
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


def of_sync(outcome: Outcome) -> dict[str, Any]:
    """`gitmig sync --json`."""
    return {
        "ran": outcome.ran,
        "database": outcome.database,
        "commit": outcome.target.commit,
        "from_set": outcome.from_set,
        "set": _set(outcome.target.set),
        "plan": _plan(outcome.plan),
        "drift": _drift(outcome.drift),
        "done": [_done(done) for done in outcome.done],
        "rebuilt": of_rebuild(outcome.rebuilt) if outcome.rebuilt else None,
    }


def of_show(shown: Shown) -> dict[str, Any]:
    """`gitmig show --json`."""
    members = shown.target.set
    return {
        "commit": shown.target.commit,
        "set": _set(members),
        "folder": members.folder,
        "layout": members.layout,
        "migrations": [
            {**named(m), "paths": [file.path for _, file in m.files], "irreversible": m.label in shown.irreversible}
            for m in members.migrations
        ],
        "record": _record(shown.record) if shown.record else None,
        "record_disagrees": shown.disagrees,
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


def of_diff(diff: Diff) -> dict[str, Any]:
    """`gitmig diff --json`."""
    difference = diff.difference
    return {
        "first": diff.first,
        "second": diff.second,
        "same": not difference,
        **_difference(difference),
        "sql": list(diff.sql.statements) if diff.sql else None,
        "unhandled": _objects(diff.sql.unhandled) if diff.sql else None,
    }


def of_rebuild(rebuilt: Rebuilt) -> dict[str, Any]:
    """`gitmig sync --rebuild --json`."""
    return {
        "database": rebuilt.database,
        "kept_as": rebuilt.kept_as,
        "commit": rebuilt.target.commit,
        "set": _set(rebuilt.target.set),
        "carried": [{"table": one.table, "rows": one.rows} for one in rebuilt.carried],
        "set_aside": [
            {"table": one.table, "rows": one.rows, "kept_in": one.kept_in, "reason": one.reason}
            for one in rebuilt.aside
        ],
        "notes": list(rebuilt.notes),
    }


def of_capture(captured: Captured) -> dict[str, Any]:
    """`gitmig capture --json`."""
    return {
        "database": captured.database,
        "captured": captured.label,
        "paths": list(captured.paths),
        **_difference(captured.drift),
        "findings": [_observation(note) for note in captured.notes],
    }


def of_verify(found: Verified) -> dict[str, Any]:
    """`gitmig verify --json`."""
    return {
        "commit": found.selection.target.commit,
        "set": _set(found.selection.target.set),
        "selected": found.selection.words,
        "migrations": [
            {**named(v.migration), "path": v.migration.path, "findings": [_observation(f) for f in v.findings]}
            for v in found.verdicts
        ],
        "unreached": [named(migration) for migration in found.unreached],
    }


def of_log(entry: Entry) -> dict[str, Any]:
    """One element of `gitmig log --json`."""
    commit = entry.commit
    return {
        "commit": commit.id,
        "at": commit.at,
        "author": commit.author,
        "subject": commit.subject,
        "database_is_here": entry.here,
        "record": _record(entry.record) if entry.record else None,
    }


def _done(done: Done) -> dict[str, Any]:
    repair = {"way": done.repair.way.value, "reason": done.repair.reason} if done.repair else None
    return {
        **_step(done.step),
        "milliseconds": done.milliseconds,
        "repair": repair,
        "kept": [
            {"item": k.item, "table": str(k.table), "columns": list(k.columns), "rows": k.rows} for k in done.rows.kept
        ],
        "restored": [{"table": str(one.table), "rows": one.rows} for one in done.rows.restored],
        "staying": [
            {"item": one.item, "table": str(one.table), "rows": one.rows, "why": one.why} for one in done.rows.staying
        ],
    }


def _drift(drift: SchemaDifference | None) -> dict[str, Any] | None:
    return None if drift is None else _difference(drift)


def of_kept(item: Item) -> dict[str, Any]:
    """One element of `gitmig kept list --json`."""
    return {
        "number": item.id,
        "migration": {"version": item.version, "name": item.migration},
        "direction": item.direction.value,
        "table": {"schema": item.table.schema, "name": item.table.name},
        "columns": [{"name": c.name, "type": c.type, "key": c.key, "lost": c.heir is None} for c in item.columns],
        "rows": item.rows,
        "bytes": item.bytes,
        "kept_at": item.kept_at.isoformat(),
        "kept_by": item.kept_by,
        "commit": item.commit,
        "due": item.due,
        "reason": item.reason,
    }


def of_kept_rows(shown: ShownItem) -> dict[str, Any]:
    """`gitmig kept show --json`."""
    return {**of_kept(shown.item), "values": [{"values": row, "reason": why} for row, why in shown.rows]}


def _observation(finding: Observation) -> dict[str, Any]:
    failure = finding.failure
    return {
        "outcome": finding.outcome.value,
        "weight": finding.outcome.weight.value,
        "objects": _objects(finding.objects),
        "failure": {**asdict(failure), "stage": failure.stage.value} if failure else None,
    }


def _difference(difference: SchemaDifference) -> dict[str, Any]:
    groups = {"missing": difference.missing, "surplus": difference.surplus, "changed": difference.changed}
    return {word: _objects(names) for word, names in groups.items()}


def _objects(names: Iterable[ObjectName]) -> list[dict[str, str]]:
    return [{"kind": name.kind, "name": name.name} for name in names]


def _record(record: Record) -> dict[str, Any]:
    return {
        "set": {"id": record.set_id, "count": record.count},
        "added": list(record.added),
        "removed": list(record.removed),
        "edited": list(record.edited),
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "reverts": [_step(step) for step in plan.reverts],
        "applies": [_step(step) for step in plan.applies],
        "irreversible": [_step(step) for step in plan.irreversible],
        "moves": [{"from": m.applied.label, "to": m.desired.migration.label} for m in plan.moves if m.renamed],
    }


def _step(step: Step) -> dict[str, Any]:
    return {"direction": step.direction.value, **named(step.subject)}


def _set(members: MigrationSet) -> dict[str, Any]:
    return {"id": members.id, "count": len(members)}


def named(subject: Migration | Applied) -> dict[str, Any]:
    """A migration."""
    return {"version": subject.version.text, "name": subject.name}
