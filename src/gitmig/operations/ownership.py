"""Whose database is it? A ledger none of whose scripts this clone knows is another project's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gitmig.core.protection import Caller
from gitmig.database import ledger
from gitmig.database.connection import Address
from gitmig.errors import ForeignLedger
from gitmig.repository.trust import TrustStore

if TYPE_CHECKING:
    from gitmig.core.plan import Plan
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import State
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target


class OwnershipObserver(Protocol):
    """Is asked where the clone is too shallow to know its own project's scripts."""

    def foreign(self, known: ForeignLedger) -> bool:
        """The ledger may be another project's; True says that it is this one's."""


def refuse_foreign(  # noqa: PLR0917 - what is there, and who asks
    connection: Connection, target: Target, state: State, plan: Plan, observer: OwnershipObserver, caller: Caller
) -> None:
    """Raise ForeignLedger if the ledger is another project's.

    In a shallow or partial clone, which may lack what it needs to know, a person is asked instead, once.
    """
    found = foreign_ledger(connection, target, state, plan)
    if found is None:
        return
    project = target.project
    if caller is Caller.PERSON and project.repository.is_incomplete and observer.foreign(found):
        digests = ledger.read_digests(connection).values()
        TrustStore.load(project.repository).add_digests(digest for both in digests for digest in both)
        return
    raise found


def foreign_ledger(connection: Connection, target: Target, state: State, plan: Plan) -> ForeignLedger | None:
    """What is known about the ledger if it is another project's; None if it is this one's, or empty."""
    project = target.project
    if plan.keep or not state.stack or _is_known(project, connection, target, state):
        return None
    first, last = state.stack[0].label, state.stack[-1].label
    by, at, commit = ledger.read_origin(connection)
    names = first if first == last else f"{first} to {last}"
    last_one = f"the last by {by} on {at:%Y-%m-%d %H:%M}{f' at commit {commit[:10]}' if commit else ''}"
    return ForeignLedger(
        f"{Address.of(project.url)} belongs to another project: this clone knows no script of what is applied there, "
        f"{names} ({last_one})",
        hint="use another database; `gitmig sync --take-over` reverts what is applied and makes it this project's",
    )


def _is_known(project: Project, connection: Connection, target: Target, state: State) -> bool:
    """Whether a script of the stack is in the work tree, in git, or was run or approved from this clone."""
    blobs = {part.partition(":")[2] for applied in state.stack for part in applied.blobs.split()}
    if blobs & {file.blob for migration in target.set.migrations for _, file in migration.files}:
        return True
    if project.repository.has_any(blobs):
        return True
    store = TrustStore.load(project.repository)
    return any(store.knows_digest(digest) for both in ledger.read_digests(connection).values() for digest in both)
