"""What a sync may do: what a protected database allows, and which plan somebody has confirmed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError, LeftToSync, ProtectedDatabase
from gitmig.ledger.protection import Caller, Change, Permission, is_protected, permission_for
from gitmig.project.decisions import GUARDED
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.ledger.rows import State
    from gitmig.migrations.plan import Plan
    from gitmig.postgres.connection import Connection
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.schema.model import SchemaDifference


def permit(connection: Connection, project: Project, plan: Plan, caller: Caller, decisions: Decisions) -> bool:
    """Whether the plan may run, as far as protection goes. Raises ProtectedDatabase, GitmigError."""
    refuse_hooks(connection, project, change_of(plan), caller)
    permission = permission_for(change_of(plan), caller, protected=is_protected(connection))
    address = project.address
    if permission is Permission.REFUSE:
        raise GitmigError(
            f"{address} is protected, and this sync would revert {len(plan.reverts)} of its migrations",
            hint="sync to a commit that has them, or `gitmig db unprotect` takes the protection away",
            details=tuple(f"{step.direction.sign} {step.label}" for step in plan.reverts[:3]),
        )
    return permission is Permission.GO or decisions.change_protected(plan)


def refuse_hooks(connection: Connection, project: Project, change: Change, caller: Caller) -> None:
    """Raise ProtectedDatabase if a hook is about to change a protected database."""
    if permission_for(change, caller, protected=is_protected(connection)) is Permission.LEAVE:
        message = f"{project.address} is protected, and no hook changes it"
        raise ProtectedDatabase(message, hint="run `gitmig sync` yourself")


def permit_discarding(connection: Connection, project: Project, drift: SchemaDifference, caller: Caller) -> None:
    """Raise GitmigError if what was changed by hand must not be taken back, as the database is protected."""
    refuse_hooks(connection, project, Change.REVERT, caller)
    if permission_for(Change.REVERT, caller, protected=is_protected(connection)) is Permission.REFUSE:
        raise GitmigError(
            f"{project.address} is protected, and this sync would take back what was changed there by hand",
            hint="`gitmig capture` makes a migration of it; or `gitmig db unprotect` takes the protection away",
            details=tuple(str(name) for name in drift.names[:3]),
        )


def change_of(plan: Plan) -> Change:
    """The most that the plan does."""
    if plan.reverts:
        return Change.REVERT
    return Change.APPLY if plan else Change.NOTHING


DIGITS = 16
HINT = "`gitmig sync --plan` shows the plan and its hash, `gitmig sync --confirm HASH` runs exactly that"


class Guard(Struct, frozen=True, kw_only=True):
    """What holds a sync back: `confirmed` is the hash of the one plan that may run, None if any may.

    `is_required` says that nothing is reverted without one.
    """

    is_required: bool = False
    confirmed: str | None = None

    @property
    def allows_rebuild(self) -> bool:
        """Whether the database may be built anew where the plan cannot be run: nobody has confirmed that."""
        return not self.is_required and self.confirmed is None

    def refuse_other_plan(self, found: str) -> None:
        """Raise GitmigError if another plan than this one was confirmed."""
        if self.confirmed is not None and self.confirmed != found:
            raise GitmigError(
                f"the plan is not the one of hash {self.confirmed}: the database, the files or the options are others "
                "by now; nothing was changed",
                hint="`gitmig sync --plan` shows what would run now",
            )

    def refuse_unconfirmed(self, reverts: Sequence[str]) -> None:
        """Raise LeftToSync if one of these would be reverted, and nobody has confirmed that."""
        if reverts and self.is_required and self.confirmed is None:
            message = f"this would revert {first_few(reverts)}, and {GUARDED} wants a plan that is confirmed"
            raise LeftToSync(f"{message}; nothing was synced", hint=HINT)


UNGUARDED = Guard()


def plan_hash(project: Project, connection: Connection, state: State, target: Target, *, take_over: bool) -> str:
    """What the plan follows from, as a hash: the database, its ledger, the target, and the options."""
    from gitmig.postgres.address import identity, location

    unfinished = state.unfinished
    known = [
        identity(connection) or location(project.url),
        [(applied.label, applied.blobs, applied.checksum) for applied in state.stack],
        (unfinished.row.label, unfinished.direction.value, unfinished.done) if unfinished else None,
        [(one.label, one.path, one.blobs) for one in target.set.migrations],
        (take_over, project.settings.verify, project.settings.ignore),
    ]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:DIGITS]
