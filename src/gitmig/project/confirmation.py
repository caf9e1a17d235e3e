"""Confirmed plans: the hash that tells a plan from every other, and what does not run unless somebody has named it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.config import GUARD_VARIABLE
from gitmig.errors import GitmigError, LeftToSync
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.ledger.rows import State
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.project.target import Target

DIGITS = 16
WHY = f'guard = "confirm" (or {GUARD_VARIABLE})'
HINT = "`gitmig sync --plan` shows the plan and its hash, `gitmig sync --confirm HASH` runs exactly that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
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
            message = f"this would revert {first_few(reverts)}, and {WHY} wants a plan that is confirmed"
            raise LeftToSync(f"{message}; nothing was synced", hint=HINT)


UNGUARDED = Guard()


def refuse_unattended(project: Project, what: str, *, is_attended: bool) -> None:
    """Raise GitmigError if only a person may do it, and nobody sits at a terminal."""
    if project.settings.guard and not is_attended:
        raise GitmigError(f"{WHY} leaves it to a person at a terminal {what}", hint="ask one to run the command")


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
