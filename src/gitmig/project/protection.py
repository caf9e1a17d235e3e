"""What a sync may do to a protected database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, ProtectedDatabase
from gitmig.ledger.protection import Caller, Change, Verdict, is_protected, judge
from gitmig.postgres.address import Address

if TYPE_CHECKING:
    from gitmig.migrations.plan import Plan
    from gitmig.postgres.connection import Connection
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.schema.model import SchemaDifference


def permit(connection: Connection, project: Project, plan: Plan, caller: Caller, decisions: Decisions) -> bool:
    """Whether the plan may run, as far as protection goes. Raises ProtectedDatabase, GitmigError."""
    refuse_hooks(connection, project, change_of(plan), caller)
    verdict = judge(change_of(plan), caller, protected=is_protected(connection))
    address = Address.of(project.url)
    if verdict is Verdict.REFUSE:
        raise GitmigError(
            f"{address} is protected, and this sync would revert {len(plan.reverts)} of its migrations",
            hint="sync to a commit that has them, or `gitmig db unprotect` takes the protection away",
            details=tuple(f"{step.direction.sign} {step.label}" for step in plan.reverts[:3]),
        )
    return verdict is Verdict.GO or decisions.change_protected(plan)


def refuse_hooks(connection: Connection, project: Project, change: Change, caller: Caller) -> None:
    """Raise ProtectedDatabase if a hook is about to change a protected database."""
    if judge(change, caller, protected=is_protected(connection)) is Verdict.LEAVE:
        message = f"{Address.of(project.url)} is protected, and no hook changes it"
        raise ProtectedDatabase(message, hint="run `gitmig sync` yourself")


def permit_discarding(connection: Connection, project: Project, drift: SchemaDifference, caller: Caller) -> None:
    """Raise GitmigError if what was changed by hand must not be taken back, as the database is protected."""
    refuse_hooks(connection, project, Change.REVERT, caller)
    if judge(Change.REVERT, caller, protected=is_protected(connection)) is Verdict.REFUSE:
        raise GitmigError(
            f"{Address.of(project.url)} is protected, and this sync would take back what was changed there by hand",
            hint="`gitmig capture` makes a migration of it; or `gitmig db unprotect` takes the protection away",
            details=tuple(str(name) for name in drift.names[:3]),
        )


def change_of(plan: Plan) -> Change:
    """The most that the plan does."""
    if plan.reverts:
        return Change.REVERT
    return Change.APPLY if plan else Change.NOTHING
