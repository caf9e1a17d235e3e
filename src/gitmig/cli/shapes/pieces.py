"""Pieces that several shapes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.migration import Migration, MigrationSet
    from gitmig.core.plan import Applied, Plan, Replacement, Step
    from gitmig.core.problem import Problem
    from gitmig.core.record import Record
    from gitmig.core.schema import ObjectName, SchemaDifference


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
