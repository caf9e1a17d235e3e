"""Where migrations that go and migrations that come end in one schema with the same rows, no script has to run.

A squash, a split, another order: only the ledger changes. Whether it is one schema, its fingerprint tells; that of what
comes is known from before, kept on disk, or measured on a scratch build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.same_schema import splits
from gitmig.database import ledger
from gitmig.database.tasks import Context, tasks
from gitmig.errors import GitmigError
from gitmig.operations.expected import Expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Applied, Plan
    from gitmig.core.same_schema import Split
    from gitmig.database.connection import Connection
    from gitmig.operations.target import Target


def without_needless_scripts(
    connection: Connection, target: Target, plan: Plan, stack: Sequence[Applied], expected: Expected
) -> Plan:
    """The plan in which as much as possible is replaced instead of reverted and applied; the same if nothing can be.

    The database has the schema of the stack, along which `expected` goes. Scripts of the target may run on a scratch
    database.
    """
    if not (plan.reverts and plan.applies):
        return plan
    rows = ledger.read_rows(connection, plan.keep)
    context = Context(target=target.set, commit=target.commit, by=target.project.user)
    found = tasks(plan, rows, context)
    going = [task.row.content.up for task in reversed(found[: len(plan.reverts)])]
    coming = [task.row for task in found[len(plan.reverts) :]]
    possible = splits(going, [row.content.up for row in coming])
    if not possible:
        return plan
    top = [*stack[: plan.keep], *map(ledger.applied_of, coming)]
    return _replaced(plan, possible, expected, Expected(target.project, connection, top, coming))


def _replaced(plan: Plan, possible: Sequence[Split], expected: Expected, ahead: Expected) -> Plan:
    """The plan with the first of the splits at which both schemas are one; `ahead` goes along the target."""
    broken = len(plan.applies) + 1  # from here on the target cannot be built, which its scripts will tell better
    for split in possible:
        if split.coming >= broken:
            continue
        try:
            built = ahead.schema(plan.keep + split.coming)
        except GitmigError:
            broken = split.coming
            continue
        try:
            wanted = expected.fingerprint(plan.keep + split.going)
            readings = [ground.under(built) for ground in expected.ground().readings()]
        except GitmigError:
            return plan
        if wanted in map(expected.gauge.fingerprint, readings):
            return plan.replacing(split.going, split.coming, wanted)
    return plan
