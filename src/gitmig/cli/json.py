"""What `--json` prints, from what an operation returns. The shapes are in `gitmig.cli.shapes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.output import revision_name
from gitmig.cli.wording import why
from gitmig.migrations.plan import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.check.clients.trial import ClientTrial
    from gitmig.check.findings import Finding
    from gitmig.check.proof import OrderFailure, Proof
    from gitmig.cli import shapes
    from gitmig.execute.tasks import Done
    from gitmig.ledger.ownership import Origin
    from gitmig.migrations.model import Migration, MigrationSet, Problem
    from gitmig.migrations.plan import Applied, Plan, Replacement, Step
    from gitmig.migrations.record import Record
    from gitmig.operations.adopt import Adopted
    from gitmig.operations.capture import Captured
    from gitmig.operations.check import Review
    from gitmig.operations.check_all import BranchConflicts
    from gitmig.operations.diff import Diff
    from gitmig.operations.doctor import Checkup
    from gitmig.operations.kept import KeptEntry, KeptRows
    from gitmig.operations.log import LogEntry
    from gitmig.operations.own_databases import ListedDatabase
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.renumber import Renumbered
    from gitmig.operations.show import Shown
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Outcome
    from gitmig.operations.verify import Verified
    from gitmig.project.trust import Candidate
    from gitmig.schema.model import ObjectName, SchemaDifference
    from gitmig.trials.round_trip import Observation


def named(migration: Migration | Applied) -> shapes.Named:
    """A migration."""
    return {"version": migration.version.text, "name": migration.name}


def of_step(step: Step) -> shapes.Step:
    """A *step*."""
    return {"direction": step.direction.value, **named(step.migration)}


def of_set(members: MigrationSet) -> shapes.MigrationSet:
    """A *set*."""
    return {"id": members.id, "count": len(members)}


def of_plan(plan: Plan) -> shapes.Plan:
    """A *plan*."""
    return {
        "reverts": [of_step(step) for step in plan.reverts],
        "replacement": _of_replacement(plan.replacement) if plan.replacement else None,
        "applies": [of_step(step) for step in plan.applies],
        "irreversible": [of_step(step) for step in plan.irreversible],
        "moves": [{"from": m.applied.label, "to": m.desired.migration.label} for m in plan.moves if m.renamed],
    }


def _of_replacement(replacement: Replacement) -> shapes.Replacement:
    """What gives way to what without a script."""
    return {
        "going": [named(applied) for applied in replacement.going],
        "coming": [named(step.migration) for step in replacement.coming],
    }


def of_problem(problem: Problem) -> shapes.Problem:
    """What is wrong with a file, and where."""
    return {"path": problem.path, "line": problem.line, "message": problem.message}


def of_record(record: Record) -> shapes.Record:
    """A *record*."""
    return {
        "set": {"id": record.set_id, "count": record.count},
        "added": list(record.added),
        "removed": list(record.removed),
        "edited": list(record.edited),
    }


def of_objects(names: Iterable[ObjectName]) -> list[shapes.Object]:
    """Objects by kind and name."""
    return [{"kind": name.kind, "name": name.name} for name in names]


def of_difference(difference: SchemaDifference) -> shapes.Difference:
    """What one schema lacks, has too much, and has otherwise."""
    return {
        "missing": of_objects(difference.missing),
        "surplus": of_objects(difference.surplus),
        "changed": of_objects(difference.changed),
    }


def of_finding(finding: Finding) -> shapes.Finding:
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


def of_check(review: Review) -> shapes.Check:
    """`gitmig check --json`."""
    checked = review.checked
    return {
        "base": {"name": revision_name(checked.base.name), "commit": checked.base.commit},
        "ours": {"name": revision_name(checked.ours.name), "commit": checked.ours.commit},
        "merge_base": checked.merge_base,
        "ours_added": [named(migration) for migration in checked.ours_added],
        "theirs_added": [named(migration) for migration in checked.theirs_added],
        "findings": [of_finding(finding) for finding in review.findings],
        "proof": of_proof(review.proof) if review.proof else None,
        "unproven": review.unproven,
        "clients": of_clients(review.clients) if review.clients else None,
    }


def of_clients(trial: ClientTrial) -> shapes.ClientTrial:
    """How the code was tried."""
    return {
        "files": trial.files,
        "tried": trial.tried,
        "foreign": trial.foreign,
        "failure": _failure(trial.failure) if trial.failure else None,
    }


def of_proof(proof: Proof) -> shapes.Proof:
    """A *proof*."""
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
        "unseen": [{"function": body.routine, "reason": body.reason} for body in proof.unseen],
    }


def _failure(failure: OrderFailure) -> shapes.Failure:
    return {
        "migration": failure.label,
        "path": failure.path,
        "line": failure.line,
        "statement": failure.statement,
        "message": failure.message,
    }


def of_branch_conflicts(conflicts: BranchConflicts) -> shapes.CheckAll:
    """`gitmig check --all --json`."""
    return {
        "base": conflicts.base,
        "branches": conflicts.branches,
        "adding": list(conflicts.adding),
        "work_trees": list(conflicts.work_trees),
        "pairs": [
            {"first": pair.first, "second": pair.second, "findings": [of_finding(finding) for finding in pair.findings]}
            for pair in conflicts.pairs
        ],
        "unreadable": [{"place": place, "message": message} for place, message in conflicts.unreadable],
    }


def of_show(shown: Shown) -> shapes.Show:
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


def of_log(entry: LogEntry) -> shapes.LogEntry:
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


def of_kept(entry: KeptEntry) -> shapes.Kept:
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


def of_kept_rows(shown: KeptRows) -> shapes.KeptShow:
    """`gitmig kept show --json`."""
    return {
        **of_kept(shown.entry),
        "values": [{"values": row, "reason": why(*waits) if waits else None} for row, waits in shown.rows],
    }


def of_diff(diff: Diff) -> shapes.Diff:
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


def of_capture(captured: Captured) -> shapes.Capture:
    """`gitmig capture --json`."""
    return {
        "database": captured.database,
        "captured": captured.label,
        "paths": list(captured.paths),
        **of_difference(captured.drift),
        "findings": [_observation(note) for note in captured.notes],
        "pending": list(captured.pending),
    }


def of_adopt(adopted: Adopted) -> shapes.Adopt:
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


def of_verify(found: Verified) -> shapes.Verify:
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


def _observation(finding: Observation) -> shapes.Observation:
    failure = finding.failure
    return {
        "outcome": finding.outcome.value,
        "weight": finding.outcome.weight.value,
        "objects": of_objects(finding.objects),
        "failure": {
            "stage": failure.stage.value,
            "path": failure.path,
            "line": failure.line,
            "statement": failure.statement,
            "message": failure.message,
            "detail": failure.detail,
            "row": failure.row,
        }
        if failure
        else None,
    }


def of_status(status: Status) -> shapes.Status:
    """`gitmig status --json`."""
    difference = status.difference
    return {
        "in_sync": status.in_sync,
        "database": status.database,
        "database_from": status.source,
        "foreign": of_origin(status.foreign.origin) if status.foreign else None,
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
        "hooks": status.hooks.message if status.hooks else None,
        "protected": status.protected,
    }


def of_doctor(checks: Sequence[Checkup]) -> shapes.Doctor:
    """`gitmig status --doctor --json`."""
    return {
        "well": all(check.mend is None for check in checks),
        "checks": [{"name": check.name, "found": check.found, "mend": check.mend} for check in checks],
    }


def of_origin(origin: Origin) -> shapes.ForeignLedger:
    """What another project's ledger tells of itself."""
    return {
        "count": origin.count,
        "first": origin.first,
        "last": origin.last,
        "applied_by": origin.by,
        "applied_at": origin.at.isoformat() if origin.at else None,
        "commit": origin.commit,
    }


def of_sync(outcome: Outcome) -> shapes.Sync:
    """`gitmig sync --json`."""
    return {
        "ran": outcome.ran,
        "database": outcome.database,
        "commit": outcome.target.commit,
        "from_set": outcome.from_set,
        "set": of_set(outcome.target.set),
        "plan": of_plan(outcome.plan),
        "hash": outcome.hash,
        "drift": _drift(outcome.drift),
        "done": [_done(done) for done in outcome.done],
        "rebuilt": of_rebuild(outcome.rebuilt) if outcome.rebuilt else None,
    }


def of_database(one: ListedDatabase) -> shapes.Database:
    """One database of `gitmig db list --json`."""
    return {
        "name": one.name,
        "use": one.use.value,
        "here": one.is_here,
        "work_trees": list(one.work_trees),
        "branch": one.branch,
        "set": None if one.set_id is None or one.count is None else {"id": one.set_id, "count": one.count},
        "size": one.size,
        "connections": one.sessions,
        "last_use": one.last_use.isoformat() if one.last_use else None,
        "protected": one.protected,
        "replaced": one.since.isoformat() if one.since else None,
    }


def of_rebuild(rebuilt: Rebuilt) -> shapes.Rebuild:
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


def of_renumber(done: Renumbered) -> shapes.Renumber:
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


def _done(done: Done) -> shapes.Done:
    return {
        **of_step(done.step),
        "milliseconds": done.milliseconds,
        "repair": {"way": done.repair.way.value, "reason": done.repair.reason} if done.repair else None,
        "kept": [
            {"item": k.item, "table": str(k.table), "columns": list(k.columns), "rows": k.rows} for k in done.rows.kept
        ],
        "restored": [{"table": str(one.table), "rows": one.rows} for one in done.rows.restored],
        "staying": [
            {"item": one.item, "table": str(one.table), "rows": one.rows, "why": why(one.reason, one.detail)}
            for one in done.rows.staying
        ],
    }


def _drift(drift: SchemaDifference | None) -> shapes.Difference | None:
    return None if drift is None else of_difference(drift)


def of_trust(found: Sequence[Candidate], *, approved: bool) -> shapes.Trust:
    """`gitmig trust --json`."""
    return {
        "untrusted": [{"name": one.label, "path": one.path, "scripts": dict(one.scripts)} for one in found],
        "approved": approved,
    }
