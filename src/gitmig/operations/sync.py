"""`gitmig sync`: bring the database to a migration set. What happens first stands first.

Where there is nothing to do, what runs scripts and moves rows is not even loaded: that would take longer than to see.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.config import OPTION
from gitmig.errors import GitmigError, LeftToSync, UsageError
from gitmig.events import (
    DriftDiscarded,
    EnvFileKept,
    PlanStarted,
    RebuildNeeded,
    RowsAbandoned,
    RowsExpired,
    RowsRestored,
    RowsStillKept,
    SavingTable,
    ScriptResumed,
    silent,
)
from gitmig.git import marker
from gitmig.ledger import schema, store
from gitmig.ledger.protection import Caller, Change
from gitmig.ledger.rows import scripts
from gitmig.ledger.store import read_state
from gitmig.migrations.languages.program import SECTION
from gitmig.migrations.model import Version
from gitmig.migrations.plan import Direction, checksums_after
from gitmig.project import trust
from gitmig.project.binding import bind, note_synced
from gitmig.project.decisions import UNATTENDED, refuse_unattended
from gitmig.project.expected_schemas import ExpectedSchemas, find_drift
from gitmig.project.failures import drifted, locks_held, step_failed, unrepairable
from gitmig.project.ownership import foreign_ledger, refuse_foreign
from gitmig.project.permission import UNGUARDED, Guard, permit, permit_discarding, plan_hash, refuse_hooks
from gitmig.project.same_schema import refuse_half_a_squash, without_needless_scripts
from gitmig.project.sharing import refuse_taking_away
from gitmig.project.target import arranged, load_target, plan_for, refuse_irreversible
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.errors import SyncFailed
    from gitmig.events import Notify
    from gitmig.execute.executor import Executor
    from gitmig.execute.tasks import Done
    from gitmig.git.marker import Generation
    from gitmig.ledger.rows import State, Unfinished
    from gitmig.migrations.model import Script
    from gitmig.migrations.plan import Plan
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.postgres.connection import Connection
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.rows.items import Item
    from gitmig.rows.preserve import Preserver
    from gitmig.rows.tables import TableName
    from gitmig.schema.model import SchemaDifference


class Outcome(Struct, frozen=True, kw_only=True):
    """What a sync did. `ran` is False for a dry run or one that was called off.

    `unfinished` names a script that a sync would finish before the plan; `drift` is what a dry run found to have been
    changed by hand. `rebuilt` tells of a database that had to be built anew instead of running the plan. `hash` tells
    the plan from every other (see `gitmig.project.permission`).
    """

    database: str
    plan: Plan
    target: Target
    from_set: str
    ran: bool
    hash: str
    unfinished: str | None = None
    drift: SchemaDifference | None = None
    done: tuple[Done, ...] = ()
    rebuilt: Rebuilt | None = None


class NoWayBack(Exception):
    """The plan cannot be run to its end; the database can still be built anew. `failure` is for people."""

    def __init__(self, reached: Outcome, failure: SyncFailed) -> None:
        super().__init__(failure.message)
        self.reached = reached
        self.failure = failure


def sync(
    project: Project,
    *,
    revision: str | None = None,
    dry_run: bool = False,
    abandon: bool = False,
    discard_drift: bool = False,
    take_over: bool = False,
    confirm: str | None = None,
    caller: Caller = Caller.PERSON,
    timeout: int = 10,
    gitmig_wait: float | None = None,
    notify: Notify = silent,
    decisions: Decisions = UNATTENDED,
) -> Outcome:
    """Make the database match the work tree, or the commit `revision`. Raises GitmigError, SyncFailed.

    A dry run takes no lock and writes nothing. `abandon` forgets a script that was interrupted instead of finishing
    it, and takes back what it did, unless verification is off. `discard_drift` takes back what was changed by hand.
    `take_over` treats another project's ledger as this one's. With `confirm` the plan of that hash runs, or none.
    `caller` decides what may be done to a protected database, and what may run. `timeout` is how many seconds
    connecting may take, `gitmig_wait` for how many another gitmig is waited for (None: as long as it takes).
    """
    _refuse_inside_migration()
    if dry_run:
        return _dry_run(load_target(project, revision), timeout, take_over=take_over)
    since = marker.now(project.repository)
    project = project.provided(caller=caller, timeout=timeout, notify=notify)
    target = load_target(project, revision)
    guard = _guard(project, confirm, decisions, takes_back=abandon or discard_drift)
    generation = None
    try:
        with project.connect(
            "sync", timeout=timeout, locked=True, gitmig_wait=gitmig_wait, in_hook=caller is Caller.HOOK, notify=notify
        ) as connection:
            run = SyncRun(connection, target, notify, decisions, caller, guard=guard)
            synced = run.run(abandon=abandon, discard_drift=discard_drift, take_over=take_over)
            if synced.ran:
                _approve(connection, synced, caller)
            generation = project.generation(connection)
    except NoWayBack as stuck:
        if not guard.allows_rebuild:
            raise stuck.failure from stuck
        synced = _rebuilt(target, stuck, caller, notify, decisions)
    if synced.ran and revision is None and project.settings.database_source != OPTION:
        # A new database may have been synced by somebody else already; what is not in the work tree cannot be newer.
        if not synced.rebuilt and not target.snapshot.sparse:
            _mark(project, since, generation)
        _note_synced(target, caller, notify)
    return synced


def _refuse_inside_migration() -> None:
    """Raise LeftToSync if a migration that is a program has called: it would wait for the one that waits for it."""
    if SECTION in os.environ:
        raise LeftToSync(
            "a migration that is running has called gitmig; nothing was synced",
            hint="git commands that change the branch or its commits call it, too",
        )


def _approve(connection: Connection, synced: Outcome, caller: Caller) -> None:
    """What a person has synced may run from the ledger; a hook has run no program that was not approved."""
    project, arrivals = synced.target.project, synced.plan.arrivals
    if caller is Caller.PERSON:
        trust.approve_ledger(project, connection)
    elif any(trust.is_program(step.migration) for step in arrivals):
        trust.approve_printed(project, connection, {step.migration.version for step in arrivals})


def _note_synced(target: Target, caller: Caller, notify: Notify) -> None:
    """Note that the work tree and its database belong together now, for hooks and for the application."""
    bind(target.project, by_hand=caller is Caller.PERSON)
    note_synced(target.project, target.set.id)
    _keep_env_file(target.project, notify)


def _mark(project: Project, since: int, generation: Generation | None) -> None:
    """Have hooks end in the shell until something changes: the database is where the work tree was at `since`."""
    own = project.naming.per.value if project.naming is not None else None
    folders, alone = project.settings.folders, project.is_alone
    marker.write(project.repository, folders, os.environ, since, generation, own=own, alone=alone)


def _rebuilt(target: Target, stuck: NoWayBack, caller: Caller, notify: Notify, decisions: Decisions) -> Outcome:
    """Build the database anew where no plan leads to the target, if that is wanted. Raises GitmigError."""
    notify(RebuildNeeded(stuck.failure))
    if not decisions.rebuild(stuck.failure):
        raise stuck.failure from stuck
    from gitmig.operations.rebuild import rebuild  # rarely needed, and large

    wait = target.project.settings.rebuild_wait
    rebuilt = rebuild(target.project, target, wait=wait, wary=caller is Caller.HOOK, notify=notify)
    return replace(stuck.reached, ran=True, rebuilt=rebuilt)


def _keep_env_file(project: Project, notify: Notify) -> None:
    """Have the application find its database; whether it does is no reason for a sync to fail."""
    path = project.settings.env_file
    if path is None or project.naming is None:
        return
    from gitmig.project.env_file import write_url

    database = str(project.address)
    try:
        if write_url(project, path):
            notify(EnvFileKept(path, database))
    except GitmigError as error:
        notify(EnvFileKept(path, database, error.message))


def _guard(project: Project, confirmed: str | None, decisions: Decisions, *, takes_back: bool) -> Guard:
    """What holds the sync back; a copy that was made a moment ago is nobody's yet, and has nothing to lose."""
    is_attended = decisions.is_attended or project.is_new
    if takes_back:
        refuse_unattended(project, "to take back what was changed by hand", is_attended=is_attended)
    return Guard(is_required=project.settings.guard and not is_attended, confirmed=confirmed)


def _dry_run(target: Target, timeout: int, *, take_over: bool) -> Outcome:
    from gitmig.operations.status import preview

    project = target.project
    with project.connect("dry run", timeout=timeout) as connection:
        state = read_state(connection)
        plan = plan_for(state.stack, target)
        if not take_over and (foreign := foreign_ledger(connection, target, state, plan)):
            raise foreign
        refuse_half_a_squash(connection, target, plan)
        plan, drift = preview(connection, target, plan, state, is_trusted=not trust.untrusted_of(project, plan, target))
        return Outcome(
            database=str(project.address),
            plan=plan,
            target=target,
            from_set=state.set_id,
            ran=False,
            hash=plan_hash(project, connection, state, target, take_over=take_over),
            unfinished=state.unfinished.row.label if state.unfinished else None,
            drift=drift,
        )


class SyncRun:
    """One sync on a connection that holds the lock, as far as the `guard` lets it.

    `undo` says that the target is what the ledger remembers from before the last sync: no script needs approval, and
    kept values win over those that were written since.
    """

    def __init__(
        self,
        connection: Connection,
        target: Target,
        notify: Notify,
        decisions: Decisions,
        caller: Caller,
        *,
        undo: bool = False,
        guard: Guard = UNGUARDED,
    ) -> None:
        self._guard = guard
        self._connection = connection
        self._target = target
        self._project = target.project
        self._verify = target.project.settings.verify
        self._notify = notify
        self._decisions = decisions
        self._caller = caller
        self._undo = undo
        self._database = str(target.project.address)

    def run(self, *, abandon: bool, discard_drift: bool, take_over: bool) -> Outcome:
        """Make the stack whole, see that the schema is that of the stack, plan, and run the plan."""
        schema.upgrade_existing(self._connection)
        state = read_state(self._connection)
        finished: tuple[Done, ...] = ()
        plan = plan_for(state.stack, self._target)
        self._refuse_strangers(plan, state, take_over=take_over)
        named = self._look_at_hash(state, take_over=take_over)
        self._approve_programs(plan, state)
        if abandon:
            self._refuse_idle(state)
        elif state.unfinished is not None:
            finished = self._finish(state, state.unfinished)
            state = read_state(self._connection)
            plan = plan_for(state.stack, self._target)
        state = self._arrange(state)
        refuse_half_a_squash(self._connection, self._target, plan)
        expected = ExpectedSchemas(self._project, self._connection, state.stack) if self._verify else None
        executor, preserver = self._equipment(plan, state, expected, forced=discard_drift or abandon)
        if expected is not None:
            # without a ledger the whole schema is somebody's work, and not what they changed
            discard = abandon or (discard_drift and bool(state.stack))
            self._look_for_drift(executor, expected, state, discard=discard)
            plan = without_needless_scripts(self._connection, self._target, plan, state.stack, expected)
        if abandon:
            store.end_unfinished(self._connection)  # where nothing of it was left to take back, or nobody looks
        if expected is None:
            refuse_irreversible(plan, self._database)
        synced = Outcome(
            database=self._database, plan=plan, target=self._target, from_set=state.set_id, ran=False, hash=named
        )
        self._guard.refuse_unconfirmed([step.label for step in plan.reverts])
        if not self._may_run(plan):
            return synced
        self._notify(PlanStarted(plan))
        if plan and executor:
            self._project.announce_change(self._connection)
            with self._telling_what_stays(preserver) as known:
                self._run_plan(executor, synced, state)
                if preserver:
                    self._restore_late_rows(preserver, checksums_after(plan, state.stack), known)
        return replace(synced, ran=True, done=finished + (executor.committed if executor else ()))

    def _equipment(
        self, plan: Plan, state: State, expected: ExpectedSchemas | None, *, forced: bool
    ) -> tuple[Executor | None, Preserver | None]:
        """Who runs the plan, and who keeps its rows; none where there is nothing to run and no row is kept."""
        if not (plan or forced or store.keeps_rows(self._connection)):
            return None, None
        preserver = self._preserver(needed=bool(state.stack) or forced)
        return self._executor(expected, preserver), preserver

    def _refuse_strangers(self, plan: Plan, state: State, *, take_over: bool) -> None:
        """Raise LeftToSync if it is another project's database, or a hook would run what nobody has agreed to."""
        if not take_over:
            refuse_foreign(self._connection, self._target, state, plan, self._decisions, self._caller)
        if self._caller is Caller.HOOK:
            trust.refuse_unknown_ledger(self._project, self._connection, state)
            trust.refuse_untrusted(self._project, self._target, plan, state)
            refuse_taking_away(self._project, plan)

    def _look_at_hash(self, state: State, *, take_over: bool) -> str:
        """The hash of the plan. Raises GitmigError if another one was confirmed, or a half done revert was not."""
        named = plan_hash(self._project, self._connection, state, self._target, take_over=take_over)
        self._guard.refuse_other_plan(named)
        if state.unfinished is not None and state.unfinished.direction is Direction.REVERT:
            self._guard.refuse_unconfirmed([state.unfinished.row.label])
        return named

    def _arrange(self, state: State) -> State:
        """Have the stack in the order of which the plan was made."""
        if (stack := arranged(state.stack, self._target)) == state.stack or state.unfinished is not None:
            return state
        store.rearrange(self._connection, stack, state.stack)
        return read_state(self._connection)

    def _approve_programs(self, plan: Plan, state: State) -> None:
        """Ask about programs that nobody has approved, by hand as well: what they do is not SQL alone.

        Raises LeftToSync in a hook, GitmigError if they must not run.
        """
        if not trust.has_programs(plan, state):
            return
        found = trust.untrusted_programs(self._project, self._connection, plan, state, self._target)
        if self._caller is Caller.HOOK and not found and (strange := trust.strange_changes(self._project)):
            raise LeftToSync(
                f"programs would find files of a commit that is not trusted: {first_few(strange)}; nothing was synced",
                hint="`gitmig sync` by hand runs them",
            )
        if not found:
            return
        if self._caller is Caller.HOOK:
            raise LeftToSync(
                f"programs that are not trusted, so not run: {first_few(found)}; nothing was synced",
                hint="`gitmig trust` shows and approves them, `gitmig sync` asks",
            )
        if not self._decisions.run_programs(found):
            raise GitmigError("nothing was run", hint="`gitmig trust` shows and approves programs")
        trust.approve(self._project, found)
        self._project.agreed.update(one.program for one in found if one.program is not None)

    def _refuse_idle(self, state: State) -> None:
        """Raise UsageError if there is nothing to abandon: what was changed by hand is another matter."""
        if state.unfinished is None:
            message = f"no script was interrupted in {self._database}: there is nothing to abandon"
            raise UsageError(message, hint="`gitmig status` shows where it is")

    def _finish(self, state: State, unfinished: Unfinished) -> tuple[Done, ...]:
        """Finish a script that an earlier process left half done outside a transaction; what that took.

        One of which nothing is done yet is forgotten. If the migration was edited since, behind the statements that
        are done, the new script is gone on with: that is how a failing statement is corrected.
        """
        from gitmig.execute.repair import Unrepairable
        from gitmig.execute.tasks import StepFailed

        refuse_hooks(self._connection, self._project, Change.REVERT, self._caller)
        self._project.announce_change(self._connection)
        self._notify(ScriptResumed(unfinished.row.label))
        if unfinished.done == 0 and not unfinished.started:
            store.end_unfinished(self._connection)
            return ()
        expected = ExpectedSchemas(self._project, self._connection, state.stack) if self._verify else None
        executor = self._executor(expected, self._preserver(needed=bool(state.stack)))
        try:
            executor.finish(amended(unfinished, self._target), state)
        except StepFailed as failure:
            raise step_failed(failure, None, self._database) from failure
        except Unrepairable as failure:
            failure.outside = True
            raise unrepairable(failure, self._database) from failure
        return executor.committed

    def _preserver(self, *, needed: bool) -> Preserver | None:
        """Who keeps rows; what was kept for too long goes first. None where no row is, unless `needed`."""
        from gitmig.rows.items import Limits
        from gitmig.rows.preserve import Preserver
        from gitmig.rows.reach import has_rows

        settings = self._project.settings
        limits = Limits(bytes=settings.kept_size, days=settings.kept_age)
        by, commit = self._project.user, self._target.commit
        wary = self._caller is Caller.HOOK
        preserver = Preserver(self._connection, limits, by, commit, self._saving, wary=wary)
        if not needed and not preserver.holds_rows and not has_rows(self._connection):
            return None
        if expired := preserver.expire(partial(self._spared, preserver)):
            self._notify(RowsExpired(expired))
        return preserver

    def _saving(self, table: TableName, size: int) -> None:
        self._notify(SavingTable(table, size))

    def _spared(self, preserver: Preserver, items: Sequence[Item]) -> list[Item]:
        """Of what is too old, that which nothing will ever bring back: a person has to decide, and is told so once."""
        from gitmig.project.kept_migrations import find_migrations  # rarely needed

        found = find_migrations(self._project, read_state(self._connection).stack, items)
        left = [item for item in items if item.comes_back and not item.due and not found[item.id]]
        if news := [item for item in left if not item.warned]:
            self._notify(RowsAbandoned(news))
            preserver.warn(news)
        return left

    def _executor(self, expected: ExpectedSchemas | None = None, preserver: Preserver | None = None) -> Executor:
        from gitmig.execute.executor import Executor

        return Executor(
            self._connection,
            self._target.context,
            self._notify,
            expected=expected,
            preserver=preserver,
            always_outside=self._project.settings.run_outside == "always",
        )

    def _look_for_drift(
        self, executor: Executor | None, expected: ExpectedSchemas, state: State, *, discard: bool
    ) -> None:
        """Nothing is built on what was changed by hand: raise GitmigError, or take it back (`discard`)."""
        drift = find_drift(self._connection, expected, state)
        if drift is None:
            return
        if not (discard and executor):
            raise drifted(drift, self._database, is_new=not state.stack)
        from gitmig.execute.repair import Unrepairable

        permit_discarding(self._connection, self._project, drift, self._caller)
        self._project.announce_change(self._connection)
        try:
            executor.discard_drift(state)
        except Unrepairable as failure:
            raise unrepairable(failure, self._database) from failure
        self._notify(DriftDiscarded(drift))

    def _may_run(self, plan: Plan) -> bool:
        """Whether the plan may run; a person who runs it approves of the scripts that it reads from files."""
        allowed = permit(self._connection, self._project, plan, self._caller, self._decisions)
        if not (allowed and self._decisions.run_plan(plan)):
            return False
        if self._caller is Caller.PERSON and not self._undo:
            trust.approve_plan(self._project, plan, self._target)
        return True

    def _run_plan(self, executor: Executor, synced: Outcome, state: State) -> None:
        from gitmig.execute.repair import Unrepairable
        from gitmig.execute.tasks import LocksHeld, StepFailed
        from gitmig.postgres.run_sql import HOPELESS

        try:
            executor.run(synced.plan, state)
        except LocksHeld as held:
            taken_back = bool(held.committed) and not executor.went_outside and self._take_back()
            raise locks_held(held, self._database, taken_back=taken_back) from held
        except StepFailed as failure:
            is_whole = failure.error.sqlstate not in HOPELESS and not (failure.escaped or executor.went_outside)
            taken_back = bool(failure.committed) and is_whole and self._take_back()
            raise step_failed(failure, synced.plan, self._database, taken_back=taken_back) from failure
        except Unrepairable as failure:
            reached = replace(synced, done=failure.committed)
            raise NoWayBack(reached, unrepairable(failure, self._database)) from failure

    def _take_back(self) -> bool:
        """Take back the part of a plan that had to be committed before another part failed; False if that fails."""
        from gitmig.operations.undo import take_back  # rarely needed

        with suppress(Exception):  # what the plan failed on is more important
            return take_back(self._connection, self._project, self._notify, self._caller)
        return False

    def _restore_late_rows(self, preserver: Preserver, present: Collection[str], known: set[int]) -> None:
        """Put back what found its place only where the plan ends, with these checksums applied."""
        report = preserver.finish(present)
        if report:
            self._notify(RowsRestored(report))
            store.extend_last_sync(self._connection)
        refused = [item for item in preserver.came() if item.reason and item.id not in known] if self._undo else []
        if refused:
            with self._connection.transaction():
                report = preserver.insist(refused)
            self._notify(RowsRestored(report))
            store.extend_last_sync(self._connection)

    @contextmanager
    def _telling_what_stays(self, preserver: Preserver | None) -> Iterator[set[int]]:
        """Notify once, at the end, which rows are still kept although their step has come.

        Yields the numbers of those of which earlier syncs have told. If the plan has failed on its way, those without
        a reason wait for what did not run.
        """
        known = {item.id for item in preserver.came()} if preserver else set()

        def tell_staying(*, with_reason: bool = False) -> None:
            came = preserver.came() if preserver else []
            if left := [item for item in came if item.id not in known and (item.reason or not with_reason)]:
                self._notify(RowsStillKept(left))

        try:
            yield known
        except BaseException:
            with suppress(Exception):  # what went wrong is more important, and may be the connection
                tell_staying(with_reason=True)
            raise
        tell_staying()


def amended(unfinished: Unfinished, target: Target) -> Unfinished:
    """The same with the target's script, if that goes on from the same statements. Raises GitmigError if not."""
    row = unfinished.row
    now = next((m for m in target.set.migrations if m.version == Version(row.version)), None)
    if unfinished.direction is not Direction.APPLY or now is None or now.blobs == row.blobs:
        return unfinished
    content = target.contents([now])[now.path]
    if not same_beginning(row.content.up, content.up, unfinished.done + unfinished.started):
        raise GitmigError(
            f"{row.label} was interrupted after {unfinished.done} of its statements, and what has run was edited since",
            hint=f"restore it in {now.path}; what comes behind may be changed",
        )
    changed = replace(row, name=now.name, path=now.path, blobs=now.blobs, checksum=content.checksum, **scripts(content))
    return replace(unfinished, row=changed)


def same_beginning(old: Script, new: Script, count: int) -> bool:
    """Whether the first `count` units are the same change, so that the new script can go on where the old one was."""
    if new.language.is_program:  # what runs again from its beginning may be another one
        return count <= 1
    checksums = [[s.language.checksum(unit.text) for unit in s.language.units(s.text)[:count]] for s in (old, new)]
    return checksums[0] == checksums[1] and len(checksums[0]) == count
