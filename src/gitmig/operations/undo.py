"""`gitmig kept undo`: take the database back to what it was before the last sync."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitmig.errors import UsageError
from gitmig.events import TakingBack, UndoPlanned, silent
from gitmig.git.snapshot import Snapshot
from gitmig.ledger import schema, store
from gitmig.ledger.protection import Caller, Permission, is_protected, permission_for
from gitmig.migrations.layouts import layouts
from gitmig.migrations.model import File, Migration, MigrationSet, Version
from gitmig.operations.sync import NoWayBack, SyncRun
from gitmig.project import trust
from gitmig.project.decisions import UNATTENDED
from gitmig.project.permission import change_of
from gitmig.project.target import Target
from gitmig.rows.since import written_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.events import Notify
    from gitmig.ledger.rows import LastSync, Row, State
    from gitmig.migrations.model import Content
    from gitmig.migrations.plan import Applied, Plan
    from gitmig.operations.sync import Outcome
    from gitmig.postgres.connection import Connection
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.rows.preserve import Preserver

REBUILT = "rebuild"  # what the history calls it


class StoredTarget(Target, frozen=True, kw_only=True):
    """A set of which the ledger has remembered the scripts: `rows` by the path of their first files."""

    rows: Mapping[str, Row]

    def contents(self, migrations: Sequence[Migration]) -> dict[str, Content]:
        """Path → content of the migrations, as it was applied."""
        return {migration.path: self.rows[migration.path].content for migration in migrations}


def undo(project: Project, *, notify: Notify = silent, decisions: Decisions = UNATTENDED) -> Outcome:
    """Take the database back to what it was before the last sync. Raises GitmigError, SyncFailed.

    Scripts come from the ledger, rows by the law that holds for every sync; but where both sides have a say about a
    value, the one from before the sync counts, and the other one is kept.
    """
    with project.connect("undo", locked=True, notify=notify) as connection:
        schema.upgrade_existing(connection)
        state, last = store.read_state(connection), store.read_last_sync(connection)
        if last is None or state.unfinished is not None:
            raise _nothing_to_undo(project, connection, state)
        notify(UndoPlanned(last, written_since(connection)))
        target = _target(project, state, last)
        try:
            run = SyncRun(connection, target, notify, decisions, Caller.PERSON, undo=True)
            undone = run.run(abandon=False, discard_drift=False, take_over=False)
        except NoWayBack as stuck:
            raise stuck.failure from stuck
        if undone.ran:
            trust.approve_ledger(project, connection)
        return undone


def take_back(connection: Connection, project: Project, notify: Notify, caller: Caller) -> bool:
    """Take back what a sync under way has committed; False if the database is protected. Raises GitmigError.

    Nobody has seen the database in between but other sessions, whose work survives as it does on every tour.
    """
    state, last = store.read_state(connection), store.read_last_sync(connection)
    assert last is not None  # noted with the first step that was committed
    try:
        run = _TakeBack(connection, _target(project, state, last), notify, UNATTENDED, caller, undo=True)
        undone = run.run(abandon=False, discard_drift=False, take_over=True)
    except NoWayBack as stuck:
        raise stuck.failure from stuck
    if undone.ran:
        with connection.transaction():
            store.forget_last_sync(connection)
    return undone.ran


class _TakeBack(SyncRun):
    """An undo that nobody is asked about: they are told that the database is as it was before."""

    def _refuse_strangers(self, plan: Plan, state: State, *, take_over: bool) -> None:
        """All that runs was in the ledger before the sync, or is the way back of what it ran."""

    def _may_run(self, plan: Plan) -> bool:
        protected = is_protected(self._connection)
        may_run = permission_for(change_of(plan), self._caller, protected=protected) is Permission.GO
        if may_run:
            self._notify(TakingBack(plan))
        return may_run

    def _take_back(self) -> bool:
        """No: where the way back fails as well, the database stays where it has come to."""
        return False

    @contextmanager
    def _telling_what_stays(self, preserver: Preserver | None) -> Iterator[set[int]]:
        """The sync that failed tells what stays."""
        yield {item.id for item in preserver.came()} if preserver else set()


def _nothing_to_undo(project: Project, connection: Connection, state: State) -> UsageError:
    database = project.address
    if state.unfinished is not None:
        return UsageError(
            f"{state.unfinished.row.label} was interrupted in {database}: the last sync is not over",
            hint="`gitmig sync` finishes it, `gitmig sync --abandon` takes back what it did; then undo",
        )
    action, note = store.read_last_event(connection) or ("", None)
    if action == REBUILT:
        return UsageError(
            f"the last sync has built {database} anew, and a rebuild is not undone",
            hint=f"{note}, until `gitmig db prune` drops it: rename both to have it back",
        )
    return UsageError(
        f"there is no sync to undo in {database}", hint="`gitmig log` and `gitmig status` show where the database is"
    )


def _target(project: Project, state: State, last: LastSync) -> StoredTarget:
    """The set that was applied before the last sync."""
    went = {row.position: row for row in last.went}
    migrations, rows = [], {}
    for applied in state.stack[: last.stayed]:
        row = went.get(applied.position)
        migrations.append(_of_row(row) if row else _of_applied(applied))
    migrations += [_of_row(row) for row in last.went if row.position > last.stayed]
    rows = {_of_row(row).path: row for row in last.went}
    layout = layouts()["single"]  # nothing is parsed
    return StoredTarget(
        project=project,
        snapshot=Snapshot(commit=last.commit, folder=project.settings.folders[0]),
        layout=layout,
        set=MigrationSet(folder=project.settings.folders[0], layout=layout.name, migrations=tuple(migrations)),
        rows=rows,
    )


def _of_applied(applied: Applied) -> Migration:
    return _migration(applied.version, applied.name, applied.path, applied.blobs)


def _of_row(row: Row) -> Migration:
    return _migration(Version(row.version), row.name, row.path, row.blobs)


def _migration(version: Version, name: str, path: str, blobs: str) -> Migration:
    """A migration with the identity that the ledger notes: the path of its first file, the ids of all."""
    files = (part.partition(":") for part in blobs.split(" "))
    return Migration(
        version=version,
        name=name,
        files=tuple((role, File(path=path, name=path, blob=blob)) for role, _, blob in files),
    )
