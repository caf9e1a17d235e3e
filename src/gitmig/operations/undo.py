"""Give back the database as it was before the last sync: `gitmig kept undo`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitmig import ledger
from gitmig.errors import UsageError
from gitmig.git.snapshot import Snapshot
from gitmig.ledger import schema
from gitmig.ledger.protection import Caller
from gitmig.migrations.layouts import layouts
from gitmig.migrations.model import File, Migration, MigrationSet, Version
from gitmig.operations.sync import NoWayBack, SyncRun
from gitmig.postgres.address import Address
from gitmig.project import trust
from gitmig.project.observer import SyncObserver
from gitmig.project.target import Target
from gitmig.rows.since import written_since

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.ledger import LastSync, Row, State
    from gitmig.migrations.model import Content
    from gitmig.migrations.plan import Applied, Plan
    from gitmig.operations.sync import Outcome
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
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
        schema.upgrade_existing(connection)
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
