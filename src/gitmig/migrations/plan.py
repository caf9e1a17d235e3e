"""What has to be done so that the database matches a migration set: decided here on plain values, run in `execute`."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from itertools import takewhile, zip_longest
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from gitmig.migrations.model import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.migrations.model import Content, Migration, Version


class Direction(Enum):
    """Which section of a migration runs."""

    APPLY = "apply"
    REVERT = "revert"

    @property
    def sign(self) -> str:
        """`+` or `-`, as steps are printed."""
        return "+" if self is Direction.APPLY else "-"


class Applied(Struct, frozen=True, kw_only=True):
    """A migration that is in the ledger, without its scripts.

    `position` counts from 1. `checksum` is that of the up script; `blobs` names the files it was read from;
    `fingerprint` says what the schema is when the stack ends here, None if nobody has measured it.
    """

    position: int
    version: Version
    name: str
    path: str
    blobs: str
    checksum: str
    irreversible: bool
    fingerprint: str | None = None

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return label(self.version.text, self.name)


class Desired(Struct, frozen=True, kw_only=True):
    """A migration of the target. `content` is None where the ledger already holds what the same files say."""

    migration: Migration
    checksum: str
    content: Content | None = None


class Apply(Struct, frozen=True, kw_only=True):
    """Run a migration's up, so that it stands at `position` of the stack.

    `held` is the ledger row that holds its scripts, where its files were not read again.
    """

    direction: ClassVar[Direction] = Direction.APPLY
    position: int
    desired: Desired
    held: Applied | None = None

    @property
    def migration(self) -> Migration:
        """The migration as the target has it."""
        return self.desired.migration

    @property
    def checksum(self) -> str:
        """That of the up script."""
        return self.desired.checksum

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return self.migration.label


class Revert(Struct, frozen=True, kw_only=True):
    """Run the down that the ledger holds for an applied migration, which takes it off the stack."""

    direction: ClassVar[Direction] = Direction.REVERT
    migration: Applied

    @property
    def position(self) -> int:
        """Its place in the stack."""
        return self.migration.position

    @property
    def checksum(self) -> str:
        """That of the up script."""
        return self.migration.checksum

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return self.migration.label


Step = Apply | Revert


class Move(Struct, frozen=True, kw_only=True):
    """A ledger row that takes over what its file is called now, or a new down, without running anything."""

    applied: Applied
    desired: Desired

    @property
    def renamed(self) -> bool:
        """Whether people see the migration under another name from now on."""
        return self.applied.label != self.desired.migration.label


class Replacement(Struct, frozen=True, kw_only=True):
    """Ledger rows that give way to others without running anything: both end in one schema, with the same rows.

    `going` are the rows in the order of the stack; `coming` are applies that do not run, in order. `fingerprint` is
    what the schema is there.
    """

    going: tuple[Applied, ...]
    coming: tuple[Apply, ...]
    fingerprint: str


class Plan(Struct, frozen=True, kw_only=True):
    """`keep` rows of the stack stay; the steps follow in the order in which they run: reverts, then applies.

    The `replacement` takes place between them.
    """

    keep: int
    reverts: tuple[Revert, ...] = ()
    replacement: Replacement | None = None
    applies: tuple[Apply, ...] = ()
    moves: tuple[Move, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Everything that runs."""
        return self.reverts + self.applies

    @property
    def arrivals(self) -> tuple[Apply, ...]:
        """Everything that is applied in the end and was not before, run or not."""
        return (self.replacement.coming if self.replacement else ()) + self.applies

    def replacing(self, going: int, coming: int, fingerprint: str) -> Plan:
        """The plan in which the `going` lowest rows of what is reverted give way to the `coming` first applies."""
        running = len(self.reverts) - going
        replacement = Replacement(
            going=tuple(step.migration for step in reversed(self.reverts[running:])),
            coming=self.applies[:coming],
            fingerprint=fingerprint,
        )
        return replace(self, reverts=self.reverts[:running], replacement=replacement, applies=self.applies[coming:])

    @property
    def irreversible(self) -> tuple[Revert, ...]:
        """Reverts that cannot run because there is no down."""
        return tuple(step for step in self.reverts if step.migration.irreversible)

    def __bool__(self) -> bool:
        return bool(self.steps or self.replacement or self.moves)


def unread(stack: Sequence[Applied], target: Sequence[Migration]) -> list[Migration]:
    """The migrations the ledger does not hold under this name with these files: only they have to be read.

    And those it holds where another one has their place, with the same up: that row may become theirs.
    """
    known = {_identity(applied): applied.checksum for applied in stack}

    def is_held(migration: Migration, row: Applied | None) -> bool:
        identity = _identity(migration)
        return identity in known and (row is None or _identity(row) == identity or row.checksum != known[identity])

    places = zip_longest(target, stack[: len(target)])
    return [migration for migration, row in places if not is_held(migration, row)]


def desire(
    stack: Sequence[Applied], target: Sequence[Migration], contents: Mapping[str, Content]
) -> tuple[Desired, ...]:
    """The target with a checksum for each; `contents` holds, by path, at least what `unread` asked for."""
    known = {applied.blobs: applied.checksum for applied in stack}
    return tuple(
        Desired(
            migration=migration,
            checksum=known.get(migration.blobs) or contents[migration.path].checksum,
            content=contents.get(migration.path),
        )
        for migration in target
    )


def make_plan(stack: Sequence[Applied], target: Sequence[Desired]) -> Plan:
    """Keep the longest common prefix, revert the rest newest first, apply what is missing in order.

    Two migrations are the same where their checksums are, whatever they are called: the result of running them is.
    So a renumbered or renamed file moves its row, and an edit reverts from there on. The result is always that of a
    fresh build of the target, in order.
    """
    keep = _common(stack, target)
    held = {_identity(applied): applied for applied in stack}
    return Plan(
        keep=keep,
        reverts=tuple(Revert(migration=applied) for applied in reversed(stack[keep:])),
        applies=tuple(
            Apply(
                position=position,
                desired=desired,
                held=None if desired.content else held[_identity(desired.migration)],
            )
            for position, desired in enumerate(target[keep:], keep + 1)
        ),
        moves=tuple(
            Move(applied=applied, desired=desired)
            for applied, desired in zip(stack[:keep], target)
            if _identity(applied) != _identity(desired.migration)
        ),
    )


def edited(plan: Plan) -> dict[int, tuple[str, ...]]:
    """By position, what a migration to be applied was before somebody edited it: checksums of what is reverted.

    It has the same version then, or else the same name; of several with one version, that with its name.
    """
    again = {step.checksum for step in plan.applies}
    gone = [step.migration for step in plan.reverts if step.checksum not in again]
    found: dict[int, tuple[str, ...]] = {}
    for step in plan.applies:
        before = [applied for applied in gone if applied.version == step.migration.version]
        before = [applied for applied in before if applied.name == step.migration.name] or before
        before = before or [applied for applied in gone if applied.name == step.migration.name]
        found[step.position] = tuple(applied.checksum for applied in before)
    return found


def checksums_after(plan: Plan, stack: Sequence[Applied]) -> set[str]:
    """The checksums of what is applied when the plan has run on this stack."""
    return {row.checksum for row in stack[: plan.keep]} | {step.checksum for step in plan.arrivals}


class SetDifference(Struct, frozen=True, kw_only=True):
    """How the target differs from what is applied, by version (see the words in docs/architecture.md)."""

    pending: tuple[Migration, ...] = ()
    phantom: tuple[Applied, ...] = ()
    edited: tuple[Migration, ...] = ()


def set_difference(stack: Sequence[Applied], target: Sequence[Desired]) -> SetDifference:
    """Pending, phantom and edited migrations, each in version order.

    A migration that only changed its name or number is none of these, unless it has to run again.
    """
    keep = _common(stack, target)
    counts = Counter(a.version for a in stack), Counter(d.migration.version for d in target)

    def key(migration: Applied | Migration) -> tuple[Version, str]:
        is_alone = all(count[migration.version] < 2 for count in counts)
        return migration.version, "" if is_alone else migration.name

    applied = {key(a): a for a in stack[keep:]}
    wanted = {key(d.migration): d for d in target[keep:]}
    return SetDifference(
        pending=tuple(d.migration for v, d in wanted.items() if v not in applied),
        phantom=tuple(a for v, a in applied.items() if v not in wanted),
        edited=tuple(d.migration for v, d in wanted.items() if v in applied and applied[v].checksum != d.checksum),
    )


def _common(stack: Sequence[Applied], target: Sequence[Desired]) -> int:
    """How many migrations both begin with."""
    keep = len(list(takewhile(lambda pair: pair[0].checksum == pair[1].checksum, zip(stack, target))))
    # a row that would become another one's, with the same up, holds the scripts of one that runs again
    again = {_identity(one.migration) for one in target[keep:] if one.content is None}
    return next((place for place, row in enumerate(stack[:keep]) if _identity(row) in again), keep)


def _identity(migration: Applied | Migration) -> tuple[str, str, str]:
    return migration.label, migration.path, migration.blobs
