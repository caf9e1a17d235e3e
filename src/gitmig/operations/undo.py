"""Give back the database as it was before the last sync: `gitmig kept undo`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitmig.core.layouts import layouts
from gitmig.core.migration import File, Migration, MigrationSet
from gitmig.core.protection import Caller, Verdict, judge
from gitmig.core.version import Version
from gitmig.database import ledger, ledger_schema
from gitmig.database.connection import Address
from gitmig.database.protection import is_protected
from gitmig.errors import UsageError
from gitmig.operations import trust
from gitmig.operations.protection import change_of
from gitmig.operations.sync import NoWayBack, SyncRun
from gitmig.operations.target import Target
from gitmig.operations.watching import SyncObserver
from gitmig.repository.snapshot import Snapshot
from gitmig.rows.since import written_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.core.migration import Content
    from gitmig.core.plan import Applied, Plan
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import LastSync, Row, State
    from gitmig.operations.project import Project
    from gitmig.operations.sync import Outcome
    from gitmig.rows.preserve import Preserver
    from gitmig.rows.since import Written

REBUILT = "rebuild"  # what the history calls it


class UndoObserver(SyncObserver, Protocol):
    """Is shown what an undo is about before it is asked."""

    def undoing(self, last: LastSync, written: Sequence[Written]) -> None:
        """That sync will be undone; these rows were written since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTarget(Target):
    """A set of which the ledger has remembered the scripts: `rows` by the path of their first files."""

    rows: Mapping[str, Row]

    def contents(self, migrations: Sequence[Migration]) -> dict[str, Content]:
        """Path → content of the migrations, as it was applied."""
        return {migration.path: self.rows[migration.path].content for migration in migrations}


def undo(project: Project, observer: UndoObserver) -> Outcome:
    """Take the database back to what it was before the last sync. Raises GitmigError, SyncFailed.

    Scripts come from the ledger, rows by the law that holds for every sync; but where both sides have a say about a
    value, the one from before the sync counts, and the other one is kept.
    """
    with project.connect("undo", on_wait=observer.waiting) as connection:
        ledger_schema.upgrade_existing(connection)
        state, last = ledger.read_state(connection), ledger.read_last_sync(connection)
        if last is None or state.unfinished is not None:
            raise _nothing_to_undo(project, connection, state)
        observer.undoing(last, written_since(connection))
        target = _target(project, state, last)
        try:
            outcome = _UndoRun(connection, target, observer, Caller.PERSON).run(
                abandon=False, discard_drift=False, take_over=False
            )
        except NoWayBack as failure:
            raise failure.told from failure
        if outcome.ran:
            trust.approve_ledger(project, connection)
        return outcome


class _UndoRun(SyncRun):
    """A sync to what the ledger remembers, over what was written since."""

    def approve(self, plan: Plan) -> None:
        """Nothing is read from files: what runs has been in the ledger before."""

    def settle(self, keeper: Preserver, plan: Plan) -> None:
        """Let kept values win where both sides have a say."""
        super().settle(keeper, plan)
        refused = [item for item in keeper.came() if item.reason and item.id not in self.known]
        if refused:
            with self.connection.transaction():
                report = keeper.insist(refused)
            self.observer.settled(report)
            ledger.extend_last_sync(self.connection)


def take_back(connection: Connection, project: Project, observer: SyncObserver, caller: Caller) -> bool:
    """Take back what a sync under way has committed; False if the database is protected. Raises GitmigError.

    Nobody has seen the database in between but other sessions, whose work survives as it does on every tour.
    """
    state, last = ledger.read_state(connection), ledger.read_last_sync(connection)
    assert last is not None  # noted with the first step that was committed
    try:
        outcome = _TakingBack(connection, _target(project, state, last), observer, caller).run(
            abandon=False, discard_drift=False, take_over=True
        )
    except NoWayBack as failure:
        raise failure.told from failure
    if outcome.ran:
        with connection.transaction():
            ledger.forget_last_sync(connection)
    return outcome.ran


class _TakingBack(_UndoRun):
    """An undo that nobody is asked about: they are told that the database is as it was before."""

    def _refuse_strangers(self, plan: Plan, state: State, *, take_over: bool) -> None:
        """All that runs was in the ledger before the sync, or is the way back of what it ran."""

    def _agreed(self, plan: Plan) -> bool:
        protected = is_protected(self.connection)
        agreed = judge(change_of(plan), self._caller, protected=protected) is Verdict.GO
        if agreed:
            self.observer.taking_back(plan)
        return agreed

    @contextmanager
    def _staying_told(self, keeper: Preserver | None) -> Iterator[None]:
        """The sync that failed tells what stays."""
        yield


def _nothing_to_undo(project: Project, connection: Connection, state: State) -> UsageError:
    database = Address.of(project.url)
    if state.unfinished is not None:
        return UsageError(
            f"{state.unfinished.row.label} was interrupted in {database}: the last sync is not over",
            hint="`gitmig sync` finishes it, `gitmig sync --abandon` takes back what it did; then undo",
        )
    action, note = ledger.read_last_event(connection) or ("", None)
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
