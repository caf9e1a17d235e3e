"""Bring the database to a migration set."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from gitmig.config import OPTION
from gitmig.core.plan import left_behind
from gitmig.core.protection import Caller, Change
from gitmig.database import ledger_schema
from gitmig.database.connection import Address
from gitmig.database.executor import Executor
from gitmig.database.ledger import end_unfinished, extend_last_sync, read_state
from gitmig.database.refusals import StepFailed
from gitmig.database.reverting import Unrepairable
from gitmig.database.sending import HOPELESS
from gitmig.database.tasks import Context
from gitmig.errors import UsageError
from gitmig.operations import trust
from gitmig.operations.drift import find_drift
from gitmig.operations.expected import Expected
from gitmig.operations.failures import drifted, step_failed, unrepairable
from gitmig.operations.interrupted import finish_interrupted
from gitmig.operations.ownership import foreign_ledger, refuse_foreign
from gitmig.operations.planning import plan_for, refuse_irreversible
from gitmig.operations.protection import permit, permit_discarding, refuse_hooks
from gitmig.operations.same_schema import refuse_half_a_squash, without_needless_scripts
from gitmig.operations.target import load_target
from gitmig.repository import stamp
from gitmig.rows.items import Limits
from gitmig.rows.preserve import Preserver
from gitmig.rows.reach import has_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.core.plan import Plan
    from gitmig.core.schema import SchemaDifference
    from gitmig.database.book import Done
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import State
    from gitmig.errors import SyncFailed
    from gitmig.operations.project import Project
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.target import Target
    from gitmig.operations.watching import SyncObserver
    from gitmig.rows.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a sync did. `ran` is False for a dry run or one that was called off.

    `unfinished` names a script that a sync would finish before the plan; `drift` is what a dry run found to have been
    changed by hand. `rebuilt` tells of a database that had to be built anew instead of running the plan.
    """

    database: str
    plan: Plan
    target: Target
    from_set: str
    ran: bool
    unfinished: str | None = None
    drift: SchemaDifference | None = None
    done: tuple[Done, ...] = ()
    rebuilt: Rebuilt | None = None


def sync(
    project: Project,
    observer: SyncObserver,
    *,
    revision: str | None = None,
    dry_run: bool = False,
    abandon: bool = False,
    discard_drift: bool = False,
    take_over: bool = False,
    caller: Caller = Caller.PERSON,
    timeout: int = 10,
) -> Outcome:
    """Make the database match the work tree, or the commit `revision`. Raises GitmigError, SyncFailed.

    A dry run takes no lock and writes nothing. `abandon` forgets a script that was interrupted instead of finishing
    it, and takes back what it did, unless verification is off. `discard_drift` takes back what was changed by hand.
    `take_over` treats another project's ledger as this one's. `caller` decides what may be done to a protected
    database, and what may run. `timeout` is how many seconds connecting may take.
    """
    since = time.time_ns()
    target = load_target(project, revision)
    if dry_run:
        with project.connect("dry run", timeout=timeout) as connection:
            return _dry_run(connection, target, take_over=take_over)
    try:
        with project.connect("sync", timeout=timeout, on_wait=observer.waiting) as connection:
            outcome = SyncRun(connection, target, observer, caller).run(
                abandon=abandon, discard_drift=discard_drift, take_over=take_over
            )
            if outcome.ran and caller is Caller.PERSON:
                trust.approve_ledger(project, connection)
    except NoWayBack as failure:
        if not observer.unrepairable(failure.told):
            raise failure.told from failure
        from gitmig.operations.rebuild import rebuild  # rarely needed, and large

        wait, wary = project.settings.rebuild_wait, caller is Caller.HOOK
        rebuilt = rebuild(project, target, observer, wait=wait, wary=wary)
        outcome = replace(failure.outcome, ran=True, rebuilt=rebuilt)
    if outcome.ran and revision is None and project.settings.database_source != OPTION:
        stamp.write(project.repository, target.set.folder, os.environ, since)
        trust.bind(project, by_hand=caller is Caller.PERSON)
    return outcome


def _dry_run(connection: Connection, target: Target, *, take_over: bool) -> Outcome:
    project, state = target.project, read_state(connection)
    plan = plan_for(state.stack, target)
    if not take_over and (foreign := foreign_ledger(connection, target, state, plan)):
        raise foreign
    drift = None
    refuse_half_a_squash(connection, target, plan)
    if project.settings.verify and state.unfinished is None:
        expected = Expected(project, connection, state.stack)
        drift = find_drift(connection, expected, state)
        if drift is None and not trust.untrusted_of(project, plan, target):
            plan = without_needless_scripts(connection, target, plan, state.stack, expected)
    return Outcome(
        database=str(Address.of(project.url)),
        plan=plan,
        target=target,
        from_set=state.set_id,
        ran=False,
        unfinished=state.unfinished.row.label if state.unfinished else None,
        drift=drift,
    )


class SyncRun:
    """One sync on a connection that holds the lock.

    `known` are the kept rows, by number, of which earlier syncs have told that they stay.
    """

    def __init__(self, connection: Connection, target: Target, observer: SyncObserver, caller: Caller) -> None:
        self.known: set[int] = set()
        self.connection = connection
        self._target = target
        self._project = target.project
        self._verify = target.project.settings.verify
        self.observer = observer
        self._caller = caller
        self._database = str(Address.of(target.project.url))

    def run(self, *, abandon: bool, discard_drift: bool, take_over: bool) -> Outcome:
        """Make the stack whole, see that the schema is that of the stack, plan, and run the plan."""
        ledger_schema.upgrade_existing(self.connection)
        state = read_state(self.connection)
        finished: tuple[Done, ...] = ()
        plan = plan_for(state.stack, self._target)
        self._refuse_strangers(plan, state, take_over=take_over)
        if abandon:
            self._refuse_idle(state)
        elif state.unfinished is not None:
            finished = self._finish(state)
            state = read_state(self.connection)
            plan = plan_for(state.stack, self._target)
        refuse_half_a_squash(self.connection, self._target, plan)
        expected = Expected(self._project, self.connection, state.stack) if self._verify else None
        keeper = self._keeper(needed=bool(state.stack) or discard_drift or abandon)
        executor = self._executor(expected, keeper)
        if expected is not None:
            # without a ledger the whole schema is somebody's work, and not what they changed
            discard = abandon or (discard_drift and bool(state.stack))
            self._look_for_drift(executor, expected, state, discard=discard)
            plan = without_needless_scripts(self.connection, self._target, plan, state.stack, expected)
        if abandon:
            end_unfinished(self.connection)  # where nothing of it was left to take back, or nobody looks
        if expected is None:
            refuse_irreversible(plan, self._database)
        outcome = Outcome(database=self._database, plan=plan, target=self._target, from_set=state.set_id, ran=False)
        if not self._agreed(plan):
            return outcome
        if plan:
            stamp.forget(self._project.repository)
            with self._staying_told(keeper):
                self._run(executor, outcome, state)
                if keeper:
                    self.settle(keeper, plan)
        return replace(outcome, ran=True, done=finished + executor.committed)

    @contextmanager
    def _staying_told(self, keeper: Preserver | None) -> Iterator[None]:
        """Tell once, at the end, which rows are still kept although their step has come; earlier syncs told of others.

        If the plan has failed on its way, those without a reason wait for what did not run.
        """
        self.known = {item.id for item in keeper.came()} if keeper else set()
        try:
            yield
        except BaseException:
            with suppress(Exception):  # what went wrong is more important, and may be the connection
                self._tell_staying(keeper, with_reason=True)
            raise
        self._tell_staying(keeper)

    def _tell_staying(self, keeper: Preserver | None, *, with_reason: bool = False) -> None:
        came = keeper.came() if keeper else []
        left = [item for item in came if item.id not in self.known and (item.reason or not with_reason)]
        if left:
            self.observer.staying(left)

    def settle(self, keeper: Preserver, plan: Plan) -> None:
        """Put back what found its place only where the plan ends."""
        report = keeper.finish({applied.checksum for applied in left_behind(plan)})
        if report:
            self.observer.settled(report)
            extend_last_sync(self.connection)

    def _refuse_strangers(self, plan: Plan, state: State, *, take_over: bool) -> None:
        """Raise LeftToSync if it is another project's database, or a hook would run what nobody has agreed to."""
        if not take_over:
            refuse_foreign(self.connection, self._target, state, plan, self.observer, self._caller)
        if self._caller is Caller.HOOK:
            trust.refuse_unknown_ledger(self._project, self.connection, state)
            trust.refuse_untrusted(self._project, self._target, plan, state)

    def _agreed(self, plan: Plan) -> bool:
        """Whether the plan may run; a person who runs it approves of its scripts."""
        allowed = permit(self.connection, self._project, plan, self._caller, self.observer)
        if not (allowed and self.observer.planned(plan)):
            return False
        if self._caller is Caller.PERSON:
            self.approve(plan)
        return True

    def approve(self, plan: Plan) -> None:
        """Note that a person runs the plan."""
        trust.approve_plan(self._project, plan, self._target)

    def _keeper(self, *, needed: bool) -> Preserver | None:
        """Who keeps rows; what was kept for too long goes first. None where no row is, unless `needed`."""
        settings = self._project.settings
        limits = Limits(bytes=settings.kept_size, days=settings.kept_age)
        by, commit = self._project.user, self._target.commit
        wary = self._caller is Caller.HOOK
        keeper = Preserver(self.connection, limits, by, commit, self.observer.keeping, wary=wary)
        if not needed and not keeper.holds_rows and not has_rows(self.connection):
            return None
        if expired := keeper.expire(partial(self._spared, keeper)):
            self.observer.expired(expired)
        return keeper

    def _spared(self, keeper: Preserver, items: Sequence[Item]) -> list[Item]:
        """Of what is too old, that which nothing will ever bring back: a person has to decide, and is told so once."""
        from gitmig.operations.kept_migrations import find_migrations  # rarely needed

        found = find_migrations(self._project, read_state(self.connection).stack, items)
        left = [item for item in items if item.comes_back and not item.due and not found[item.id]]
        if news := [item for item in left if not item.warned]:
            self.observer.abandoned(news)
            keeper.warn(news)
        return left

    def _executor(self, expected: Expected | None = None, keeper: Preserver | None = None) -> Executor:
        return Executor(
            self.connection,
            Context(target=self._target.set, commit=self._target.commit, by=self._project.user),
            self.observer,
            expected=expected,
            keeper=keeper,
            always_outside=self._project.settings.run_outside == "always",
        )

    def _look_for_drift(self, executor: Executor, expected: Expected, state: State, *, discard: bool) -> None:
        drift = find_drift(self.connection, expected, state)
        if drift is None:
            return
        if not discard:
            raise drifted(drift, self._database, is_new=not state.stack)
        permit_discarding(self.connection, self._project, drift, self._caller)
        stamp.forget(self._project.repository)
        try:
            executor.discard_drift(state)
        except Unrepairable as failure:
            raise unrepairable(failure, self._database) from failure
        self.observer.discarded(drift)

    def _run(self, executor: Executor, outcome: Outcome, state: State) -> None:
        try:
            executor.run(outcome.plan, state)
        except StepFailed as failure:
            is_whole = failure.error.sqlstate not in HOPELESS and not (failure.escaped or executor.went_outside)
            taken_back = bool(failure.committed) and is_whole and self._take_back()
            raise step_failed(failure, outcome.plan, self._database, taken_back=taken_back) from failure
        except Unrepairable as failure:
            reached = replace(outcome, done=failure.committed)
            raise NoWayBack(reached, unrepairable(failure, self._database)) from failure

    def _take_back(self) -> bool:
        """Take back the part of a plan that had to be committed before another part failed; False if that fails."""
        from gitmig.operations.undo import take_back  # rarely needed

        with suppress(Exception):  # what the plan failed on is more important
            return take_back(self.connection, self._project, self.observer, self._caller)
        return False

    def _refuse_idle(self, state: State) -> None:
        """Raise UsageError if there is nothing to abandon: what was changed by hand is another matter."""
        if state.unfinished is None:
            message = f"no script was interrupted in {self._database}: there is nothing to abandon"
            raise UsageError(message, hint="`gitmig status` shows where it is")

    def _finish(self, state: State) -> tuple[Done, ...]:
        """Make the stack whole again before anything is planned on it; what that took."""
        assert state.unfinished is not None  # else there is nothing to finish
        refuse_hooks(self.connection, self._project, Change.REVERT, self._caller)
        stamp.forget(self._project.repository)
        self.observer.resuming(state.unfinished.row.label)
        executor = self._executor()
        try:
            finish_interrupted(self.connection, executor, state, self._target)
        except StepFailed as failure:
            raise step_failed(failure, None, self._database) from failure
        return executor.committed


class NoWayBack(Exception):
    """The plan cannot be run to its end; the database can still be built anew."""

    def __init__(self, outcome: Outcome, told: SyncFailed) -> None:
        super().__init__(told.message)
        self.outcome = outcome
        self.told = told
