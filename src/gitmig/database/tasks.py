"""A plan's steps with their scripts and ledger rows: everything a step needs, gathered before the first one runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitmig import __version__
from gitmig.core.plan import Direction, Step, edited
from gitmig.core.renamings import MAY_RENAME, Undo
from gitmig.database.ledger import Row, applied_of, scripts
from gitmig.rows.items import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.core.migration import Content, Migration, MigrationSet, Script
    from gitmig.core.plan import Plan
    from gitmig.database.ledger import Unfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the ledger notes about a sync besides its steps. `commit` is None on a branch without commits."""

    target: MigrationSet
    commit: str | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A step with its script, and the ledger row it adds or takes away.

    `script` is None for the revert of a migration without a down. `written` is the script as it was written, where
    that was for the outside of a transaction and `script` is for the inside. `replaces`: see `core.plan.edited`;
    `coming` are the checksums of all that the plan applies.
    """

    step: Step
    script: Script | None
    row: Row
    written: Script | None = None
    replaces: tuple[str, ...] = ()
    coming: frozenset[str] = frozenset()

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
    def opposite(self) -> Script | None:
        """The migration's other section, fit for the inside of a transaction; None if there is none that is."""
        content = self.row.content
        script = content.down if self.step.direction is Direction.APPLY else content.up
        return None if script is None or script.problems else script.inside()

    @property
    def subject(self) -> Subject:
        """The migration, for those who keep its rows."""
        row, is_apply = self.row, self.step.direction is Direction.APPLY
        here, there = (row.up, row.down) if is_apply else (row.down, row.up)
        return Subject(
            version=row.version,
            name=row.name,
            checksum=row.checksum,
            text=here,
            opposite=there,
            replaces=self.replaces,
            coming=self.coming,
            renamed=tuple((one.before, one.after) for one in row.renamed or () if one.kind == "table"),
        )

    @property
    def renames(self) -> bool:
        """Whether the migration may rename something: else what looks alike before and after it is not the same."""
        content = self.row.content
        texts = [script.text for script in (content.up, content.down) if script is not None]
        return any(MAY_RENAME.search(text) for text in texts)

    @property
    def has_renaming_up(self) -> bool:
        """Whether its up may rename something."""
        return MAY_RENAME.search(self.row.up) is not None

    @property
    def guesses(self) -> bool:
        """Whether what it renamed has to be guessed from likeness, as nobody looked when it was applied."""
        return self.row.renamings is None and self.renames

    def undo(self, *, whole: bool) -> Undo:
        """What its up is known to have renamed, to be taken back; `whole`: nothing has taken back any of it so far."""
        return Undo(self.row.renamed or (), whole)

    def inside(self) -> Task:
        """The same task for the inside of a transaction, although it was written for the outside; if that can be."""
        inside = None if self.script is None else self.script.inside()
        if inside is None or inside is self.script:
            return self
        return replace(self, script=inside, written=self.script)

    def outside(self) -> Task:
        """The same task outside a transaction, its script as it was written."""
        script = self.written or self.script
        assert script is not None  # without a script nothing can be too much for a transaction
        return replace(self, script=replace(script, transactional=False), written=None)


def tasks(plan: Plan, rows: Mapping[int, Row], context: Context) -> list[Task]:
    """The tasks of the plan in order; `rows` are the ledger's above the part that is kept."""
    before = edited(plan)
    coming = frozenset(step.desired.checksum for step in plan.applies if step.desired)
    return [_revert(step, rows[step.position]) for step in plan.reverts] + [
        replace(_apply(step, rows, context), replaces=before[step.position], coming=coming) for step in plan.applies
    ]


def replacing_rows(plan: Plan, rows: Mapping[int, Row], context: Context) -> list[Row]:
    """The ledger rows that come without running anything; `rows` are the ledger's above the part that is kept."""
    if plan.replacement is None:
        return []
    found = [_apply(step, rows, context).row for step in plan.replacement.coming]
    return [*found[:-1], replace(found[-1], fingerprint=plan.replacement.fingerprint)]


def unfinished_task(unfinished: Unfinished) -> Task:
    """The task an earlier process left half done."""
    row, content = unfinished.row, unfinished.row.content
    script = content.up if unfinished.direction is Direction.APPLY else content.down
    assert script is not None  # a revert was begun, so there was a down
    step = Step(direction=unfinished.direction, position=row.position, applied=applied_of(row))
    return Task(step=step, script=replace(script, transactional=False), row=row)


def _revert(step: Step, row: Row) -> Task:
    return Task(step=step, script=row.content.down, row=row)


def row_of(position: int, migration: Migration, content: Content, context: Context) -> Row:
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


def _apply(step: Step, rows: Mapping[int, Row], context: Context) -> Task:
    content = _content(step, rows)
    assert step.desired is not None  # an apply has a target
    row = replace(row_of(step.position, step.desired.migration, content, context), checksum=step.desired.checksum)
    return Task(step=step, script=content.up, row=row)


def _content(step: Step, rows: Mapping[int, Row]) -> Content:
    """What was read from the files, or what the ledger holds of the same files."""
    if step.desired is not None and step.desired.content is not None:
        return step.desired.content
    assert step.applied is not None  # see plan.make_plan
    return rows[step.applied.position].content
