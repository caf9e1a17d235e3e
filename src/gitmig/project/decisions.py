"""What a sync asks: a person answers at the command line, and these defaults where nobody can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.config import GUARD_VARIABLE
from gitmig.errors import GitmigError, ProtectedDatabase
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.errors import SyncFailed
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.migrations.plan import Plan
    from gitmig.project.project import Project
    from gitmig.project.trust import Candidate

GUARDED = f'guard = "confirm" (or {GUARD_VARIABLE})'


class Decisions:
    """The answers without a person: what was called for is done, and what only a person can decide is not."""

    @property
    def is_attended(self) -> bool:
        """Whether somebody sits at a terminal and sees what is done."""
        return False

    def run_plan(self, plan: Plan) -> bool:
        """Whether the plan, which may have no step, shall run."""
        return True

    def change_protected(self, plan: Plan) -> bool:
        """Whether the plan shall run although the database is protected. Raises ProtectedDatabase."""
        raise ProtectedDatabase(
            "the database is protected, and only a person changes it",
            hint="run `gitmig sync --yes`; `gitmig db unprotect` takes the protection away",
        )

    def run_programs(self, found: Sequence[Candidate]) -> bool:
        """Whether these programs, which nobody has approved in this clone, shall run. Raises GitmigError."""
        labels = list(dict.fromkeys(map(str, found)))
        raise GitmigError(
            f"{'a program' if len(labels) == 1 else 'programs'} that nobody approved in this clone: "
            f"{first_few(labels)}; nothing was synced",
            hint="`gitmig trust` shows and approves what is in the work tree; `gitmig sync --trust` runs it",
        )

    def take_over(self, known: ForeignLedger) -> bool:
        """Whether the ledger is this project's, where the clone is too incomplete to know its own scripts."""
        return False

    def rebuild(self, failure: SyncFailed) -> bool:
        """Whether the database shall be built anew, as nothing else leads to the right schema."""
        return False


UNATTENDED = Decisions()


def refuse_unattended(project: Project, what: str, *, is_attended: bool) -> None:
    """Raise GitmigError if only a person may do it, and nobody sits at a terminal."""
    if project.settings.guard and not is_attended:
        raise GitmigError(f"{GUARDED} leaves it to a person at a terminal {what}", hint="ask one to run the command")
