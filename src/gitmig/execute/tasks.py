"""Everything that a plan's steps need to run, gathered before the first one runs: scripts, ledger rows, batches.

Also what comes of a step: it is done, it failed, or it is too much for one transaction. Nothing is run here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig import __version__
from gitmig.execute.script import OUTSIDE_ONLY
from gitmig.ledger.rows import Row, applied_of, migration_of, scripts
from gitmig.migrations.plan import Apply, Desired, Direction, Revert, edited
from gitmig.rows.items import Report, Subject
from gitmig.schema.model import ObjectKind
from gitmig.schema.noted_renames import MAY_RENAME, Undo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.execute.repair import Repair
    from gitmig.ledger.rows import Unfinished
    from gitmig.migrations.model import Content, Migration, MigrationSet, Script
    from gitmig.migrations.plan import Plan, Step
    from gitmig.postgres.lock_wait import LockWait
    from gitmig.postgres.run_sql import ScriptError
    from gitmig.schema.noted_renames import Renaming

# What one transaction for everything can run into although each step alone would not: a new enum value used (55P04),
# pending trigger events (55006), out of locks (53200), and statements that must be outside of any transaction.
PENDING = "55006"
TOO_MUCH_FOR_ONE = {"55P04", PENDING, "53200"} | OUTSIDE_ONLY


class SyncContext(Struct, frozen=True, kw_only=True):
    """What the ledger notes about a sync besides its steps. `commit` is None on a branch without commits."""

    target: MigrationSet
    commit: str | None
    by: str


class _Task(Struct, frozen=True, kw_only=True):
    """What both kinds of task have.

    `row` is the ledger row that is added or taken away. `script` is None for the revert of a migration without a down.
    `written` is the script as it was written, where that was for the outside of a transaction and `script` is for the
    inside.
    """

    row: Row
    script: Script | None
    written: Script | None = None

    @property
    def transactional(self) -> bool:
        """Whether it may share a transaction."""
        return self.script is None or self.script.transactional

    @property
    def needs_outside(self) -> bool:
        """Whether its script cannot run inside a transaction as it is written."""
        return self.script is not None and self.script.needs_outside

    @property
    def in_parts(self) -> bool:
        """Whether it may run outside a transaction, in parts, if one transaction is too much for it."""
        return self.written is not None or (self.script is not None and self.script.in_parts)

    @property
    def path(self) -> str:
        """The file people look into when it fails."""
        return self.script.path if self.script else self.row.path

    @property
    def renames(self) -> bool:
        """Whether the migration may rename something: else what looks alike before and after it is not the same."""
        row = self.row
        return _may_rename(row.up_sql) or (row.down is not None and _may_rename(row.down_sql))

    def _subject(
        self,
        text: str | None,
        opposite: str | None,
        replaces: tuple[str, ...] = (),
        coming: frozenset[str] = frozenset(),
        *,
        edited: bool = False,
    ) -> Subject:
        row = self.row
        return Subject(
            version=row.version,
            name=row.name,
            checksum=row.checksum,
            text=text,
            opposite=opposite,
            replaces=replaces,
            coming=coming,
            edited=edited,
            renamed=tuple((one.before, one.after) for one in row.renamed or () if one.kind is ObjectKind.TABLE),
        )


class ApplyTask(_Task, frozen=True, kw_only=True):
    """Run a migration's up and add its ledger row.

    `replaces`: see `migrations.plan.edited`; `coming` are the checksums of all that the plan applies.
    """

    step: Apply
    replaces: tuple[str, ...] = ()
    coming: frozenset[str] = frozenset()

    @property
    def reached(self) -> int:
        """The position at which the stack ends once it is done."""
        return self.row.position

    @property
    def opposite(self) -> Script | None:
        """The down, fit for the inside of a transaction; None if there is none that is."""
        return _inside(self.row.content.down)

    @property
    def subject(self) -> Subject:
        """The migration, for those who keep its rows."""
        return self._subject(self.row.up_sql, self.row.down_sql, self.replaces, self.coming)

    @property
    def may_rename(self) -> bool:
        """Whether its script may rename something."""
        return _may_rename(self.row.up_sql)


class RevertTask(_Task, frozen=True, kw_only=True):
    """Run a migration's down, or what is computed in its place, and take its ledger row away.

    `edited`: the plan applies the migration in another version.
    """

    step: Revert
    edited: bool = False

    @property
    def reached(self) -> int:
        """The position at which the stack ends once it is done."""
        return self.row.position - 1

    @property
    def opposite(self) -> Script | None:
        """The up, fit for the inside of a transaction; None if it is not."""
        return _inside(self.row.content.up)

    @property
    def subject(self) -> Subject:
        """The migration, for those who keep its rows."""
        return self._subject(self.row.down_sql, self.row.up_sql, edited=self.edited)

    @property
    def guesses(self) -> bool:
        """Whether what it renamed has to be guessed from likeness, as nobody looked when it was applied."""
        return self.row.renamings is None and self.renames

    def undo(self, *, whole: bool) -> Undo:
        """What its up is known to have renamed, to be taken back; `whole`: nothing has taken back any of it so far."""
        return Undo(self.row.renamed or (), whole)


Task = ApplyTask | RevertTask


def _may_rename(text: str | None) -> bool:
    """Whether SQL may rename something; that which nobody knows may."""
    return text is None or MAY_RENAME.search(text) is not None


def _inside(script: Script | None) -> Script | None:
    return None if script is None or script.problems else script.inside()


def inside(task: Task) -> Task:
    """The same task for the inside of a transaction, although it was written for the outside; if that can be."""
    found = None if task.script is None else task.script.inside()
    if found is None or found is task.script:
        return task
    return replace(task, script=found, written=task.script)


def outside(task: Task) -> Task:
    """The same task outside a transaction, its script as it was written."""
    script = task.written or task.script
    assert script is not None  # without a script nothing can be too much for a transaction
    return replace(task, script=replace(script, transactional=False), written=None)


def tasks(plan: Plan, rows: Mapping[int, Row], context: SyncContext) -> list[Task]:
    """The tasks of the plan in order; `rows` are the ledger's above the part that is kept."""
    before = edited(plan)
    changed = {checksum for checksums in before.values() for checksum in checksums}
    found: list[Task] = []
    for revert in plan.reverts:
        row = rows[revert.position]
        task: Task = RevertTask(step=revert, script=row.content.down, row=row, edited=row.checksum in changed)
        found.append(task)
    coming = frozenset(apply.desired.checksum for apply in plan.applies)
    for apply in plan.applies:
        content = _content(apply, rows)
        row = _row(apply, content, context)
        task = ApplyTask(step=apply, script=content.up, row=row, replaces=before[apply.position], coming=coming)
        found.append(task)
    return found


def replacing_rows(plan: Plan, rows: Mapping[int, Row], context: SyncContext) -> list[Row]:
    """The ledger rows that come without running anything; `rows` are the ledger's above the part that is kept."""
    if plan.replacement is None:
        return []
    found = [_row(step, _content(step, rows), context) for step in plan.replacement.coming]
    return [*found[:-1], replace(found[-1], fingerprint=plan.replacement.fingerprint)]


def unfinished_task(unfinished: Unfinished) -> Task:
    """The task an earlier process left half done."""
    row, content = unfinished.row, unfinished.row.content
    if unfinished.direction is Direction.APPLY:
        desired = Desired(migration=migration_of(row), checksum=row.checksum)
        return outside(ApplyTask(step=Apply(position=row.position, desired=desired), script=content.up, row=row))
    return outside(RevertTask(step=Revert(migration=applied_of(row)), script=content.down, row=row))


def row_of(position: int, migration: Migration, content: Content, context: SyncContext) -> Row:
    """The ledger row of a migration that comes to stand at this position of the stack."""
    return Row(
        position=position,
        version=migration.version.text,
        name=migration.name,
        path=migration.path,
        blobs=migration.blobs,
        checksum=content.checksum,
        language=content.up.language.name,
        **scripts(content),
        commit=context.commit,
        applied_by=context.by,
        milliseconds=0.0,
        gitmig_version=__version__,
    )


def _row(step: Apply, content: Content, context: SyncContext) -> Row:
    """The checksum is the ledger's, where that has one: a newer gitmig may compute another one of the same bytes."""
    return replace(row_of(step.position, step.migration, content, context), checksum=step.desired.checksum)


def _content(step: Apply, rows: Mapping[int, Row]) -> Content:
    """What was read from the files, or what the ledger holds of the same files."""
    if step.desired.content is not None:
        return step.desired.content
    assert step.held is not None  # see `plan.make_plan`
    return rows[step.held.position].content


class Together(Struct, frozen=True):
    """Tasks that share a transaction; without tasks, one for what else the ledger has to learn."""

    tasks: tuple[Task, ...] = ()

    @property
    def reverts(self) -> list[RevertTask]:
        """Those that come first."""
        return [task for task in self.tasks if isinstance(task, RevertTask)]

    @property
    def applies(self) -> list[ApplyTask]:
        """Those that come after the reverts."""
        return [task for task in self.tasks if isinstance(task, ApplyTask)]


class Outside(Struct, frozen=True):
    """A task that runs outside a transaction, statement by statement."""

    task: Task


Batch = Together | Outside


def batches(tasks: Sequence[Task]) -> list[Batch]:
    """Neighbours that may run in a transaction run in one; a task that must not stands alone. Order is kept."""
    found: list[Batch] = []
    for transactional, group in groupby(tasks, key=lambda task: task.transactional):
        neighbours = tuple(group)
        found += [Together(neighbours)] if transactional else [Outside(task) for task in neighbours]
    return found


class Done(Struct, frozen=True, kw_only=True):
    """A task that ran, how long its script took, and what is to be said about it.

    `repair` tells of a revert that needed help, `rows` what was kept and put back. `fingerprint` is what the schema was
    then, None if it was not measured; `renamings` what the script called otherwise, None if nobody looked.
    """

    task: Task
    milliseconds: float
    repair: Repair | None = None
    rows: Report = field(default_factory=Report)
    fingerprint: str | None = None
    renamings: tuple[Renaming, ...] | None = None

    @property
    def step(self) -> Step:
        """The plan's step."""
        return self.task.step

    def with_rows(self, more: Report) -> Done:
        """The same, with `more` rows that were kept or put back for it afterwards."""
        rows = Report(
            kept=self.rows.kept + more.kept,
            restored=self.rows.restored + more.restored,
            staying=self.rows.staying + more.staying,
            aside=tuple(sorted({*self.rows.aside, *more.aside})),
        )
        return replace(self, rows=rows)


@dataclass(kw_only=True, eq=False)
class StepFailed(Exception):
    """A script failed. `committed` stays; everything else of the failed transaction was rolled back.

    `outside` says that there was no transaction: the statements before the failed one stay, and are not run again.
    `rolled_back` ran before it in the same transaction. `escaped` says that the script committed behind gitmig's back.
    """

    step: Step
    path: str
    outside: bool
    rolled_back: tuple[Step, ...]
    error: ScriptError
    committed: tuple[Done, ...]
    escaped: bool = False


class LocksHeld(Exception):
    """Somebody else holds what a batch needs, and was waited for as long as that may take.

    `committed` stays; the batch was rolled back.
    """

    def __init__(self, waiting: LockWait, committed: tuple[Done, ...]) -> None:
        super().__init__()
        self.account = waiting.account
        self.committed = committed


class TooMuchForOne(Exception):
    """A batch was rolled back whole because it can only be done in smaller transactions.

    With a commit before the task; or, if it must be `outside`, around it. `settled`: it is tried as it is, with all
    late checks done before the task.
    """

    def __init__(self, task: Task, *, outside: bool = False, settled: bool = False) -> None:
        super().__init__()
        self._task = task
        self._outside = outside
        self._settled = settled

    def smaller(self, batch: Together) -> list[Batch]:
        """The same tasks in smaller batches."""
        if self._settled:
            return [batch]
        place = next(k for k, task in enumerate(batch.tasks) if task is self._task)
        before, after = batch.tasks[:place], batch.tasks[place + 1 :]
        parts: list[Batch]
        if self._outside:
            parts = [Together(before), Outside(outside(self._task)), Together(after)]
        elif not before:
            parts = [Together((*before, self._task)), Together(after)]
        else:
            parts = [Together(before), Together((self._task, *after))]
        return [part for part in parts if part != Together()]
