"""What a sync would have to do: the plan from what is applied to a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.plan import desire, make_plan, unread
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Applied, Plan
    from gitmig.operations.target import Target


def plan_for(stack: Sequence[Applied], target: Target) -> Plan:
    """The plan from a stack to a target. Everything that will run is read and validated here."""
    contents = target.contents(unread(stack, target.set.migrations))
    return make_plan(stack, desire(stack, target.set.migrations, contents))


def refuse_irreversible(plan: Plan, database: str) -> None:
    """Raise GitmigError if the plan has to revert what has no down."""
    if not plan.irreversible:
        return
    first = plan.irreversible[0]
    raise GitmigError(
        f"{first.label} has no down section: {database} cannot go back before it",
        hint="write its down on a commit that has it and sync there first, or start anew with an empty database",
        details=tuple(f"also irreversible: {step.label}" for step in plan.irreversible[1:]),
    )
