"""`gitmig sync --rebuild`: make the database anew beside the old one, carry the rows over, swap the names."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.config import OPTION
from gitmig.errors import GitmigError
from gitmig.events import BuildingDatabase, DatabaseReplaced, WaitingForSessions, silent
from gitmig.execute.build import BuildFailed, build
from gitmig.execute.repair import Transformation
from gitmig.execute.scratch import run_bootstrap
from gitmig.execute.tasks import tasks
from gitmig.ledger import schema as ledger_schema
from gitmig.ledger.rows import HistoryEntry
from gitmig.ledger.store import read_state
from gitmig.migrations.plan import Direction
from gitmig.postgres.address import connect, with_name, with_options
from gitmig.project import trust
from gitmig.project.binding import bind
from gitmig.project.expected_schemas import baseline_of
from gitmig.project.failures import not_fresh
from gitmig.project.ownership import foreign_ledger
from gitmig.project.target import load_target, plan_for
from gitmig.rebuild.copy import copy_all, total, write_ledger
from gitmig.rebuild.cutover import Awaited, Patience, cut_over, lock_source
from gitmig.rebuild.databases import DatabaseNames, maintenance_url
from gitmig.rebuild.target import copy_properties, create_target, refuse_unfit
from gitmig.rows.attached_code import leave_to_sync
from gitmig.rows.copy import KeptFor
from gitmig.rows.items import REBUILD, Subject
from gitmig.rows.tables import read_tables
from gitmig.schema.catalog import read_schema
from gitmig.schema.fingerprint import Fingerprinter
from gitmig.schema.model import schema_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.events import Notify
    from gitmig.execute.tasks import Task
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.rebuild.copy import Moved
    from gitmig.rows.copy import Aside, Copied
    from gitmig.schema.model import Schema
    from gitmig.schema.noted_renames import Renaming

# Under this name rows are kept that a rebuild of the same set has no place for.
SAME_SET = Subject(version=REBUILD, name="", checksum=REBUILD)
ROUNDS = 5  # how often a rebuild begins anew because somebody came who wants to write


class Rebuilt(Struct, frozen=True, kw_only=True):
    """What a rebuild did.

    `kept_as` is what the old database is called now. `fingerprint` is the new schema's, measured when its migrations
    had run and again when the rows were there. `notes` are sentences for people.
    """

    database: str
    kept_as: str
    target: Target
    fingerprint: str
    carried: tuple[Copied, ...]
    aside: tuple[Aside, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows were carried."""
        return total(self.carried)


def rebuild(
    project: Project,
    target: Target,
    *,
    wait: int,
    by_hand: bool = False,
    take_over: bool = False,
    wary: bool = False,
    notify: Notify = silent,
) -> Rebuilt:
    """Make the project's database anew from the target's migrations, with the rows it has. Raises GitmigError.

    Until the names are swapped, in one transaction, the database is as it was; afterwards it is complete. `wait` is
    how many seconds others who are connected are waited for. A database on another machine is rebuilt `by_hand` only,
    a protected one never, and another project's with `take_over` only. `wary`: raises LeftToSync where a superuser
    would run other people's code by moving rows. Takes the lock itself: the caller must not be connected to the
    database.
    """
    plan = plan_for((), target)
    if by_hand:
        trust.approve_plan(project, plan, target)
    work = tasks(plan, {}, target.context)
    with ExitStack() as stack:
        old = stack.enter_context(project.connect("rebuild", locked=True, notify=notify))
        refuse_unfit(old, project.url, by_hand=by_hand)
        if by_hand and not take_over:  # else it is the end of a sync, which has asked
            state = read_state(old)
            if foreign := foreign_ledger(old, target, state):
                raise foreign
        ledger_schema.upgrade_existing(old)  # its kept rows come along as they are
        if wary:
            leave_to_sync(old, read_tables(old).by_oid)
        project.announce_change(old)
        return _Rebuild(project, target, old, wait, notify).run(work, stack)


def rebuild_to(
    project: Project,
    *,
    revision: str | None = None,
    wait: int | None = None,
    take_over: bool = False,
    notify: Notify = silent,
) -> Rebuilt:
    """Rebuild at the wish of a person, to the work tree or the commit `revision`. Raises GitmigError.

    With `take_over` also a database that belongs to another project.
    """
    target = load_target(project, revision)
    wait = project.settings.rebuild_wait if wait is None else wait
    rebuilt = rebuild(project, target, wait=wait, by_hand=True, take_over=take_over, notify=notify)
    if revision is None and project.settings.database_source != OPTION:
        bind(project, by_hand=True)
    return rebuilt


class _Rebuild:
    """One rebuild, on a connection to the old database that holds the lock."""

    def __init__(self, project: Project, target: Target, old: Connection, wait: int, notify: Notify) -> None:
        self._project = project
        self._target = target
        self._old = old
        self._notify = notify
        self._patience = Patience(wait, lambda sessions: notify(WaitingForSessions(sessions)))
        self._began = time.monotonic()
        self._renamings: dict[int, tuple[Renaming, ...]] = {}
        self._names = DatabaseNames.of(old)
        self._maintenance = maintenance_url(partial(with_name, project.url), "rebuild", but=self._names.name)

    def run(self, work: Sequence[Task], stack: ExitStack) -> Rebuilt:
        """All of it; the swap is the last thing that can fail."""
        renamer = stack.enter_context(connect(self._maintenance, "rebuild"))
        watcher = stack.enter_context(connect(self._maintenance, "rebuild"))
        for rounds_left in range(ROUNDS - 1, -1, -1):
            try:
                moved, built = self._round(work, renamer, watcher)
                break
            except Awaited:
                if not rounds_left:
                    raise
                self._old.execute("ROLLBACK")
        self._notify(DatabaseReplaced(self._names.kept))
        return Rebuilt(
            database=str(self._project.address),
            kept_as=self._names.kept,
            target=self._target,
            fingerprint=built.fingerprint,
            carried=tuple(moved.carried),
            aside=tuple(moved.aside),
            notes=tuple(moved.notes),
        )

    def _round(self, work: Sequence[Task], renamer: Connection, watcher: Connection) -> tuple[Moved, Schema]:
        """Build, carry and swap; whoever comes in between and wants to write has to wait until one of us gives way."""
        with create_target(self._old, self._maintenance, self._names.new):
            fast = with_options(with_name(self._project.url, self._names.new), "synchronous_commit=off")
            with connect(fast, "rebuild") as new:
                new.ledger_roles, new.programs = self._old.ledger_roles, self._old.programs
                built = self._build(new, work)
                lock_source(self._old, watcher, self._names.name, self._patience)
                moved = self._move(new, built)
                self._write_ledger(new, work, built, moved)
            copy_properties(self._old, watcher, self._names.new)
            cut_over(renamer, watcher, self._old, self._names, self._patience)
        return moved, built

    def _build(self, new: Connection, work: Sequence[Task]) -> Schema:
        self._notify(BuildingDatabase(len(work)))
        run_bootstrap(new, self._project.bootstrap_sql())
        ledger_schema.upgrade(new)
        ups = [task.row.content.up for task in work]
        try:
            ((_, schema),) = build(
                new, ups, measure_at=(len(ups),), ignore=self._project.settings.ignore, noted=self._renamings
            )
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure
        found = read_schema(self._old, self._project.settings.ignore)
        wanted = baseline_of(self._project, self._old, found, schema).under(schema)
        Transformation.between(new, schema, wanted).run()
        return wanted

    def _move(self, new: Connection, built: Schema) -> Moved:
        """Carry everything over; the schema is not changed by it."""
        moved = copy_all(self._old, new, self._project.settings.ignore, self._kept_for(), self._notify)
        difference = schema_difference(built, read_schema(new, self._project.settings.ignore))
        if difference:
            raise GitmigError(
                "carrying the rows changed the new database's schema",
                hint="this is a bug in gitmig, please report it; the database is as it was before",
                details=tuple(f"differs: {name}" for name in difference.names),
            )
        return moved

    def _kept_for(self) -> KeptFor:
        """The migration whose opposite step comes last on the way back: then there is a place for everything again."""
        steps = plan_for(read_state(self._old).stack, self._target).steps
        subject, direction = SAME_SET, Direction.REVERT
        if steps:
            step = steps[0]
            subject = Subject(version=step.migration.version.text, name=step.migration.name, checksum=step.checksum)
            direction = step.direction
        return KeptFor(subject=subject, direction=direction, by=self._project.user, commit=self._target.commit)

    def _write_ledger(self, new: Connection, work: Sequence[Task], built: Schema, moved: Moved) -> None:
        state = read_state(self._old)
        asides = sum(aside.rows for aside in moved.aside)
        event = HistoryEntry(
            action="rebuild",
            done_by=self._project.user,
            milliseconds=round((time.monotonic() - self._began) * 1000, 3),
            from_set=state.set_id,
            to_set=self._target.set.id,
            from_commit=state.commit,
            to_commit=self._target.commit,
            note=f"carried {total(moved.carried):,} rows, set {asides} aside; the old database is {self._names.kept}",
        )
        fingerprint = Fingerprinter(new.info.server_version, self._project.settings.ignore).fingerprint(built)
        noted = ((task.row, self._renamings[place]) for place, task in enumerate(work, 1))
        rows = [replace(row, renamings=[(kind, old, new) for kind, old, new in renamings]) for row, renamings in noted]
        write_ledger(self._old, new, rows, event, fingerprint)
