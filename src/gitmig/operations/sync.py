"""Bring the database to a migration set."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from gitmig.core.plan import Direction, desire, make_plan, unread
from gitmig.core.protection import Caller
from gitmig.database.connection import Address
from gitmig.database.executor import Executor, Observer, StepFailed
from gitmig.database.ledger import end_unfinished, read_state
from gitmig.database.tasks import Context
from gitmig.errors import GitmigError, SyncFailed
from gitmig.operations.interrupted import finish_interrupted
from gitmig.operations.protection import ProtectionObserver, permit
from gitmig.operations.target import load_target
from gitmig.repository import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Applied, Plan, Step
    from gitmig.database.book import Done
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import State
    from gitmig.database.lock import Holder
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target


# Where the script is not to blame: what to do instead of correcting it, by SQLSTATE (None: the connection broke).
AGAIN = "run `gitmig sync` again"
BLAMELESS = {
    None: AGAIN,
    "57P01": AGAIN,
    "57P02": AGAIN,
    "57014": AGAIN,
    "40001": AGAIN,
    "40P01": AGAIN,
    "25006": "it is read-only: sync the primary server, with a role that may write",
}


class SyncObserver(Observer, ProtectionObserver, Protocol):
    """Is asked and told while a sync goes on."""

    def waiting(self, holder: Holder) -> None:
        """Another gitmig works on the database; it is waited for."""

    def resuming(self, label: str) -> None:
        """A script that an earlier process left half done is finished first."""

    def planned(self, plan: Plan) -> bool:
        """The plan is made and about to run; False calls it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a sync did. `ran` is False for a dry run or one that was called off.

    `unfinished` names a script that a sync would finish before the plan.
    """

    database: str
    plan: Plan
    target: Target
    from_set: str
    ran: bool
    unfinished: str | None = None
    done: tuple[Done, ...] = ()

    @property
    def milliseconds(self) -> float:
        """How long the scripts ran."""
        return sum(step.milliseconds for step in self.done)


def sync(
    project: Project,
    observer: SyncObserver,
    *,
    revision: str | None = None,
    dry_run: bool = False,
    abandon: bool = False,
    caller: Caller = Caller.PERSON,
    timeout: int = 10,
) -> Outcome:
    """Make the database match the work tree, or the commit `revision`. Raises GitmigError, SyncFailed.

    A dry run takes no lock and writes nothing. `abandon` forgets a script that was interrupted instead of finishing
    it. `caller` decides what may be done to a protected database. `timeout` is how many seconds connecting may take.
    """
    since = time.time_ns()
    target = load_target(project, revision)
    database = str(Address.of(project.url))
    context = Context(target=target.set, commit=target.commit, by=project.user)
    on_wait = None if dry_run else observer.waiting
    with project.connect("dry run" if dry_run else "sync", timeout=timeout, on_wait=on_wait) as connection:
        always_outside = project.settings.run_outside == "always"
        executor = Executor(connection, context, observer, always_outside=always_outside)
        if not dry_run:
            _finish(connection, executor, target, observer, abandon=abandon)
        state = read_state(connection)
        plan = plan_for(state.stack, target)
        outcome = Outcome(
            database=database,
            plan=plan,
            target=target,
            from_set=state.set_id,
            ran=False,
            unfinished=state.unfinished.row.label if state.unfinished else None,
        )
        refuse_irreversible(plan, database)
        if dry_run or not (permit(connection, project, plan, caller, observer) and observer.planned(plan)):
            return outcome
        if plan:
            stamp.forget(project.repository)
            _run(executor, plan, state, database)
    if revision is None and project.settings.database_source != "--database":
        stamp.write(project.repository, target.set.folder, os.environ, since)
    return replace(outcome, ran=True, done=executor.committed)


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


def _run(executor: Executor, plan: Plan, state: State, database: str) -> None:
    try:
        executor.run(plan, state)
    except StepFailed as failure:
        raise _explained(failure, plan, database) from failure


def _finish(
    connection: Connection, executor: Executor, target: Target, observer: SyncObserver, *, abandon: bool
) -> None:
    """Make the stack whole again before anything is planned on it."""
    state = read_state(connection)
    if state.unfinished is None:
        return
    if abandon:
        end_unfinished(connection)
        return
    stamp.forget(target.project.repository)
    observer.resuming(state.unfinished.row.label)
    try:
        finish_interrupted(connection, executor, state, target)
    except StepFailed as failure:
        raise _explained(failure, None, str(Address.of(target.project.url))) from failure


def _explained(failure: StepFailed, plan: Plan | None, database: str) -> SyncFailed:
    """What was done, what failed (file, line, statement, PostgreSQL's message), what was not run, what to do."""
    error = failure.error
    begun = [failure.step, *failure.rolled_back, *(done.step for done in failure.committed)]
    waiting = [step for step in plan.steps if step not in begun] if plan else []
    details = [f"statement: {_shortened(error.statement)}"]
    details += [
        f"{word}: {text}" for word, text in (("detail", error.detail), ("PostgreSQL's hint", error.hint)) if text
    ]
    if error.context:
        details.append(f"where: {_shortened(error.context)}")
    details += _listed("done", [done.step for done in failure.committed])
    details += _listed("rolled back", failure.rolled_back) + _listed("not run", waiting)
    verb, advice = "applying", "correct the script and run `gitmig sync`"
    if failure.step.direction is Direction.REVERT:
        verb, advice = "reverting", "correct its down on a commit that has it, sync there, and come back"
    advice = BLAMELESS.get(error.sqlstate, advice)
    kept = "stays at the last step that is done" if failure.committed else "is as it was before"
    if failure.outside:
        kept = "keeps the statements before it, which ran outside a transaction"
        advice += "; or `gitmig sync --abandon` leaves it at that"
    return SyncFailed(
        f"{verb} {failure.step.label} failed at {failure.path}:{error.line}: {error.message}",
        details=tuple(details),
        hint=f"{database} {kept}; {advice}",
    )


def _listed(word: str, steps: Sequence[Step]) -> list[str]:
    """One line however many steps: the end of a message is what people read."""
    names = [f"{step.direction.sign} {step.label}" for step in steps]
    if len(names) > 3:
        names = [names[0], f"… {len(names) - 2} more …", names[-1]]
    return [f"{word}: {', '.join(names)}"] if names else []


def _shortened(text: str, longest: int = 300) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[:longest]} …"
