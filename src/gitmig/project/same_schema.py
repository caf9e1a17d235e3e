"""Where migrations that go and migrations that come end in one schema with the same rows, no script has to run.

A squash, a split, another order: only the ledger changes. Whether it is one schema, its fingerprint tells; that of what
comes is known from before, kept on disk, or measured on a scratch build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, MayNotBuild
from gitmig.git.snapshot import at_commit
from gitmig.ledger import store
from gitmig.ledger.rows import applied_of
from gitmig.project.expected_schemas import ExpectedSchemas
from gitmig.project.target import target_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.ledger.rows import Row
    from gitmig.migrations.model import Script
    from gitmig.migrations.plan import Applied, Plan
    from gitmig.migrations.same_schema import Split
    from gitmig.postgres.connection import Connection
    from gitmig.project.target import Target


def without_needless_scripts(
    connection: Connection, target: Target, plan: Plan, stack: Sequence[Applied], expected: ExpectedSchemas
) -> Plan:
    """The plan in which as much as possible is replaced instead of reverted and applied; the same if nothing can be.

    The database has the schema of the stack, along which `expected` goes. Scripts of the target may run on a scratch
    database.
    """
    if not _goes_both_ways(plan):
        return plan
    from gitmig.migrations.same_schema import splits

    going, coming = _sides(connection, target, plan)
    possible = splits(_ups(going), _ups(coming))
    if not possible:
        return plan
    top = [*stack[: plan.keep], *map(applied_of, coming)]
    try:
        return _replaced(plan, possible, expected, ExpectedSchemas(target.project, connection, top, coming))
    except MayNotBuild:  # then the scripts run that need not
        return plan


def refuse_half_a_squash(connection: Connection, target: Target, plan: Plan) -> None:
    """Raise GitmigError if either side ends in the middle of what a squash takes the place of."""
    if refusal := half_a_squash(connection, target, plan):
        raise refusal


def half_a_squash(connection: Connection, target: Target, plan: Plan) -> GitmigError | None:
    """Why the plan must not run, if either side ends in the middle of what a squash takes the place of.

    What is missing there is neither in the ledger nor in the target; a commit from before the squash has it.
    """
    if not _goes_both_ways(plan):
        return None
    from gitmig.migrations.same_schema import missing_parts

    going, coming = _sides(connection, target, plan)
    ahead = missing_parts(_ups(going), coming[0].content.up)
    behind = missing_parts(_ups(coming), going[0].content.up)
    if not (ahead or behind):
        return None
    squash, who = (coming[0], "the database") if ahead else (going[0], "the target")
    missing = [part.label for part in ahead or behind]
    most = f"{missing[0]} to {missing[-1]}" if len(missing) > 1 else missing[0]
    commit = _before(target, squash)
    where = (
        f"`gitmig sync {commit[:10]}`, from before the squash,"
        if commit
        else "a sync to a commit from before the squash"
    )
    return GitmigError(
        f"{who} has only a part of what {squash.label} takes the place of: not {most}",
        hint=f"{where} leads there; then `gitmig sync` goes on without a script",
    )


def _before(target: Target, squash: Row) -> str | None:
    """A commit that has all that the squash takes the place of, and has it first; None if git knows none."""
    from gitmig.git.history import parents_of_adding
    from gitmig.migrations.same_schema import parts_of, squashed_in

    repository, parts = target.project.repository, squashed_in(squash.content.up)
    wanted = [part.digest for part in parts]
    for commit in dict.fromkeys(filter(None, [repository.head, *parents_of_adding(repository, squash.path)])):
        found = target_of(target.project, at_commit(repository, commit, target.project.settings.folders))
        members = found.set.migrations[: len(parts)] if found else ()
        if found and len(members) == len(parts):
            contents = found.contents(members)
            digests = [part.digest for one in members for part in parts_of(contents[one.path].up)]
            if digests[: len(wanted)] == wanted:
                return commit
    return None


def _goes_both_ways(plan: Plan) -> bool:
    return bool(plan.reverts and plan.applies)


def _sides(connection: Connection, target: Target, plan: Plan) -> tuple[list[Row], list[Row]]:
    """The ledger rows that go and those that come, in the order of the stack."""
    from gitmig.execute.tasks import tasks

    rows = store.read_rows(connection, plan.keep)
    found = [task.row for task in tasks(plan, rows, target.context)]
    return found[: len(plan.reverts)][::-1], found[len(plan.reverts) :]


def _ups(rows: Sequence[Row]) -> list[Script]:
    return [row.content.up for row in rows]


def _replaced(plan: Plan, possible: Sequence[Split], expected: ExpectedSchemas, ahead: ExpectedSchemas) -> Plan:
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
            readings = [baseline.under(built) for baseline in expected.baseline().readings()]
        except GitmigError:
            return plan
        if wanted in map(expected.fingerprinter.fingerprint, readings):
            return plan.replacing(split.going, split.coming, wanted)
    return plan
