"""What is told while something runs: one class for each thing that happens, delivered to one callable.

Nothing here acts. Whoever does the work calls `notify(event)`; whoever listens matches on the class. What is asked, and
needs an answer, is in `project.decisions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.errors import SyncFailed
    from gitmig.execute.tasks import Done
    from gitmig.ledger.rows import LastSync
    from gitmig.migrations.model import Section
    from gitmig.migrations.plan import Plan, Step
    from gitmig.own_databases.make import MadeDatabase
    from gitmig.postgres.lock import Holder
    from gitmig.postgres.lock_wait import Blocker
    from gitmig.rebuild.cutover import OtherSession
    from gitmig.rows.items import Item, Report
    from gitmig.rows.since import Written
    from gitmig.rows.tables import TableName
    from gitmig.schema.model import SchemaDifference


class WaitingForLock(Struct, frozen=True):
    """Another gitmig works on the database; it is waited for."""

    holder: Holder


class WaitingForBlockers(Struct, frozen=True):
    """Others hold what a statement needs, and are waited for, for `limit` seconds or, None, as long as it takes.

    That comes again and again, as long as it lasts.
    """

    blockers: Sequence[Blocker]
    limit: float | None


class WaitingForSessions(Struct, frozen=True):
    """Others are connected to a database that is about to be replaced; they are waited for."""

    sessions: Sequence[OtherSession]


class ScriptResumed(Struct, frozen=True):
    """A script that an earlier process left half done is finished first."""

    label: str


class DriftDiscarded(Struct, frozen=True):
    """What had been changed by hand was taken back."""

    drift: SchemaDifference


class PlanStarted(Struct, frozen=True):
    """The plan was agreed to and is about to run; it may have no step."""

    plan: Plan


class StepStarted(Struct, frozen=True):
    """A step begins to run; it may do so again, alone, if its transaction turns out to be too large."""

    step: Step


class ProgramSaid(Struct, frozen=True):
    """A migration that is a program has said something to people.

    It ran as this section, and this was its run number `run`, from 1: a step may have to run more than once, and its
    other section may be tried, too.
    """

    line: str
    section: Section
    run: int


class ProgramUnforwarded(Struct, frozen=True):
    """The program at this path has to run outside of gitmig's transaction, as the connection is encrypted."""

    path: str


class ProgramWaits(Struct, frozen=True):
    """A program has not come to gitmig's transaction, and this session waits for that: perhaps it is the program's."""

    path: str
    session: str


class StepsCommitted(Struct, frozen=True):
    """These steps are in the database and in the ledger for good."""

    done: Sequence[Done]


class TakingBack(Struct, frozen=True):
    """A plan has failed when a part of it was committed already; this one takes that back."""

    plan: Plan


class SavingTable(Struct, frozen=True):
    """A table of `size` bytes is about to be copied, because a step may take rows of it away."""

    table: TableName
    size: int


class RowsRestored(Struct, frozen=True):
    """Rows that had to wait for the end of a transaction, or of the plan, were put back."""

    report: Report


class RowsExpired(Struct, frozen=True):
    """Rows that were kept for longer than the settings say were dropped."""

    items: Sequence[Item]


class RowsAbandoned(Struct, frozen=True):
    """Too old, but there is no migration any more that brings them back: they stay, and it is told once."""

    items: Sequence[Item]


class RowsStillKept(Struct, frozen=True):
    """The sync is over, and these are still kept although their step has come."""

    items: Sequence[Item]


class RebuildNeeded(Struct, frozen=True):
    """No script leads to the right schema: only a new database has it."""

    failure: SyncFailed


class CopyingDatabase(Struct, frozen=True):
    """A database of `size` bytes is about to be copied; without a `source` somebody else does, and is waited for."""

    source: str | None
    name: str
    size: int | None


class DatabaseMade(Struct, frozen=True):
    """A database of a work tree's or a branch's own was made."""

    made: MadeDatabase


class DatabaseShared(Struct, frozen=True):
    """A database of the work tree's own cannot be made, for this reason; it shares the one called `name`."""

    why: str
    name: str


class DatabaseSetAside(Struct, frozen=True):
    """A work tree or branch of the same name, which is gone, had left a database; it is called `kept_as` now."""

    name: str
    kept_as: str


class StandInMade(Struct, frozen=True):
    """An extension was made that is not the real one (see `postgres.stand_ins`); `notice` is what it says itself."""

    notice: str


class EnvFileKept(Struct, frozen=True):
    """The application's file has the URL of the work tree's database now; or it has not, and `trouble` says why."""

    path: str
    database: str
    trouble: str | None = None


class BuildingDatabase(Struct, frozen=True):
    """So many migrations are now run in a new database."""

    count: int


class CarryingTable(Struct, frozen=True):
    """The rows of this table are carried over next, the `position`-th of `count`."""

    table: str
    position: int
    count: int


class DatabaseReplaced(Struct, frozen=True):
    """The new database has the name; the old one is called `kept_as` now."""

    kept_as: str


class UndoPlanned(Struct, frozen=True):
    """A sync is about to be undone; these rows were written since."""

    last: LastSync
    written: Sequence[Written]


class MigrationsSelected(Struct, frozen=True):
    """So many migrations are going to be verified."""

    count: int


class MigrationVerified(Struct, frozen=True):
    """One of the migrations selected is verified."""

    label: str


class CommitRead(Struct, frozen=True):
    """The migration set of the `number`-th commit was read, to be recorded."""

    number: int


# By what people are told about; `cli/reporter.py` has one method for each.
WaitEvent = WaitingForLock | WaitingForBlockers | WaitingForSessions
PlanEvent = PlanStarted | StepStarted | StepsCommitted | ScriptResumed | DriftDiscarded | TakingBack
ProgramEvent = ProgramSaid | ProgramUnforwarded | ProgramWaits
RowEvent = SavingTable | RowsRestored | RowsExpired | RowsAbandoned | RowsStillKept | UndoPlanned
RebuildEvent = RebuildNeeded | BuildingDatabase | CarryingTable | DatabaseReplaced
OwnDatabaseEvent = CopyingDatabase | DatabaseMade | DatabaseShared | DatabaseSetAside | EnvFileKept | StandInMade
CountEvent = MigrationsSelected | MigrationVerified | CommitRead
Event = WaitEvent | PlanEvent | ProgramEvent | RowEvent | RebuildEvent | OwnDatabaseEvent | CountEvent
Notify = Callable[[Event], None]


def silent(event: Event) -> None:
    """Notify nobody."""
