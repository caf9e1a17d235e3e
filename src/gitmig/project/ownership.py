"""Whose database is it? A ledger none of whose scripts this clone knows is another project's.

Known is what the work tree or the target has, what git has, and what was run or approved from this clone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.git.trust import LEDGER, TrustStore, digest
from gitmig.ledger.ownership import ForeignLedger, Origin, are_enough, is_telling, up_blobs
from gitmig.ledger.protection import Caller
from gitmig.ledger.rows import applied_of
from gitmig.ledger.store import read_digests, read_origin, read_rows
from gitmig.project.target import plan_for
from gitmig.project.trust import UPS, ledger_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.ledger.rows import State
    from gitmig.migrations.plan import Applied, Plan
    from gitmig.postgres.connection import Connection
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.project.target import Target


def refuse_foreign(  # noqa: PLR0917 - what is there, and who asks
    connection: Connection, target: Target, state: State, plan: Plan, decisions: Decisions, caller: Caller
) -> None:
    """Raise ForeignLedger if the ledger is another project's.

    In a shallow or partial clone, which may lack what it needs to know, a person is asked instead, once.
    """
    found = foreign_ledger(connection, target, state, plan)
    if found is None:
        return
    project = target.project
    if caller is Caller.PERSON and project.repository.is_incomplete and decisions.take_over(found):
        claim(project, connection, state)
        return
    raise found


def claim(project: Project, connection: Connection, state: State) -> None:
    """Remember that the ledger is this project's: its scripts are known in this clone from now on."""
    store = TrustStore.load(project.repository)
    store.add_digests(digest for both in read_digests(connection).values() for digest in both)
    if state.unfinished:
        store.add_digests(digest(text) for text in ledger_scripts(state.unfinished.row))


def foreign_ledger(
    connection: Connection, target: Target, state: State, plan: Plan | None = None
) -> ForeignLedger | None:
    """What is known about the ledger if it is another project's; None if it is this one's, or empty.

    `plan` is that from the ledger's stack to the target, if it is made already.
    """
    plan = plan_for(state.stack, target) if plan is None else plan
    if not _subjects(state) or _is_known(connection, target, state, plan):
        return None
    project, origin = target.project, _origin(connection, state)
    source = project.settings.database_source or "the embedded server"
    hint = f"its URL comes from {source}; to make it this project's all the same: `gitmig sync --take-over`"
    if project.repository.is_incomplete:
        hint += "; this clone is shallow or partial, `git fetch --unshallow` may bring what it lacks"
    return ForeignLedger(
        f"{project.address} belongs to another project: this clone knows nothing of what is applied there ({origin})",
        hint=hint,
        origin=origin,
    )


def _subjects(state: State) -> tuple[Applied, ...]:
    """Everything in the ledger that is applied, or about to be."""
    unfinished = (applied_of(state.unfinished.row),) if state.unfinished else ()
    return (*state.stack, *(one for one in unfinished if one.position > len(state.stack)))


def _is_known(connection: Connection, target: Target, state: State, plan: Plan) -> bool:
    """Whether a script of the ledger is known here that no other project will have by chance."""
    stack = _subjects(state)
    known: list[Applied] = []
    for more in _known_here(connection, target, state, plan):
        known += [one for one in more if one not in known]
        if are_enough(known, stack) or _tells(connection, state, more):
            return True
    return False


def _known_here(connection: Connection, target: Target, state: State, plan: Plan) -> Iterator[list[Applied]]:
    """What of the ledger is known in each of the places to look, those first that cost the least."""
    stack = _subjects(state)
    at_hand = {file.blob for migration in target.set.migrations for _, file in migration.files}
    known = [one for k, one in enumerate(stack) if k < plan.keep or up_blobs(one) & at_hand]
    yield known
    rest = [one for one in stack if one not in known]
    in_git = target.project.repository.present({blob for one in rest for blob in up_blobs(one)})
    yield [one for one in rest if up_blobs(one) & in_git]
    yield _run_here(connection, target.project, state, rest)


def _run_here(connection: Connection, project: Project, state: State, stack: Sequence[Applied]) -> list[Applied]:
    """Those whose up was run from this clone, or approved in it."""
    store = TrustStore.load(project.repository)
    digests = read_digests(connection)
    found = [
        one for one in stack if one.position in digests and store.knows_digest(digests[one.position][0], *UPS, LEDGER)
    ]
    row = state.unfinished.row if state.unfinished else None
    if row is None or not store.knows_digest(digest(row.up), *UPS, LEDGER):
        return found
    return found + [one for one in stack if one.position == row.position]


def _tells(connection: Connection, state: State, known: Sequence[Applied]) -> bool:
    """Whether one of them is telling."""
    if not known:
        return False
    rows = [*read_rows(connection, 0).values(), *([state.unfinished.row] if state.unfinished else [])]
    positions = {one.position for one in known}
    return any(is_telling(row.label, row.language, row.up) for row in rows if row.position in positions)


def _origin(connection: Connection, state: State) -> Origin:
    stack = _subjects(state)
    if state.stack:
        by, at, commit = read_origin(connection)
    else:
        assert state.unfinished is not None  # else there is nothing to tell of
        by, at, commit = state.unfinished.row.applied_by, None, state.unfinished.row.commit
    return Origin(count=len(stack), first=stack[0].label, last=stack[-1].label, by=by, at=at, commit=commit)
