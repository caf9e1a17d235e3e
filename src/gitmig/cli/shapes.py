"""The JSON shapes of docs/json.md. Keys are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitmig.core.findings import Finding
    from gitmig.core.migration import Migration, MigrationSet
    from gitmig.core.plan import Applied, Plan, Step
    from gitmig.core.record import Record
    from gitmig.operations.diff import Diff
    from gitmig.operations.log import Entry
    from gitmig.operations.radar import Radar
    from gitmig.operations.renumber import Renumbered
    from gitmig.operations.show import Shown
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Outcome


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
        "done": [{**_step(done.step), "milliseconds": done.milliseconds} for done in outcome.done],
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
    groups = {"missing": difference.missing, "surplus": difference.surplus, "changed": difference.changed}
    return {
        "first": diff.first,
        "second": diff.second,
        "same": not difference,
        **{word: [{"kind": name.kind, "name": name.name} for name in names] for word, names in groups.items()},
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
