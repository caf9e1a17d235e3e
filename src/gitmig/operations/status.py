"""Where the database is, compared with the work tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.plan import desire, difference, make_plan, unread
from gitmig.database.connection import Address
from gitmig.database.ledger import read_state
from gitmig.operations.target import load_target

if TYPE_CHECKING:
    from gitmig.core.plan import Difference, Plan
    from gitmig.database.ledger import State
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`plan` is what a sync would do now; the database is in sync if that runs nothing."""

    database: str
    source: str
    target: Target
    state: State
    plan: Plan
    difference: Difference

    @property
    def in_sync(self) -> bool:
        """Whether the database has exactly the work tree's migrations, in order."""
        return not self.plan.steps and self.state.unfinished is None


def status(project: Project) -> Status:
    """Compare the database with the work tree; writes nothing. Raises GitmigError."""
    target = load_target(project)
    with project.connect("status") as connection:
        state = read_state(connection)
    contents = target.contents(unread(state.stack, target.set.migrations))
    desired = desire(state.stack, target.set.migrations, contents)
    return Status(
        database=str(Address.of(project.url)),
        source=project.settings.database_source or "embedded PostgreSQL",
        target=target,
        state=state,
        plan=make_plan(state.stack, desired),
        difference=difference(state.stack, desired),
    )
