"""The two sides of a check as plain sets of migrations: what each one added, edited and took out."""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.effects import AddedMigration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gitmig.check.dependencies import Dependents
    from gitmig.check.footprint import Footprint
    from gitmig.migrations.model import Content, Migration, Problem, Script, Version

Migrations = tuple["Migration", ...]


class BranchSets(Struct, frozen=True, kw_only=True, dict=True):
    """The sets of both tips, and of the commits they share: several after a criss-cross merge.

    Migrations are compared by version, name and blob ids: where the folder lies does not matter.
    """

    ours: Migrations
    theirs: Migrations
    merge_bases: tuple[Migrations, ...]

    @cached_property
    def ours_added(self) -> Migrations:
        """The migrations only our side added, in order."""
        return self._added(self.ours, self.theirs)

    @cached_property
    def theirs_added(self) -> Migrations:
        """The migrations only their side added, in order."""
        return self._added(self.theirs, self.ours)

    @cached_property
    def common(self) -> Migrations:
        """What both sides have, in order: the migrations on which both build."""
        theirs = {(m.version, m.blobs) for m in self.theirs}
        return tuple(m for m in self.ours if (m.version, m.blobs) in theirs)

    def edited(self, side: Migrations) -> list[tuple[Migration, Migration]]:
        """Pairs of the base's migration and the other files the side has under its version."""
        found = []
        for migration in side:
            before = [b[migration.version] for b in self._by_version if migration.version in b]
            if before and all(migration.blobs != one.blobs for one in before):
                found.append((before[0], migration))
        return found

    def deleted(self, side: Migrations) -> list[Migration]:
        """The migrations of the base that the side does not have any more."""
        versions = {migration.version for migration in side}
        return [m for version, m in self._in_every_base.items() if version not in versions]

    @cached_property
    def _by_version(self) -> list[dict[Version, Migration]]:
        return [{m.version: m for m in base} for base in self.merge_bases]

    @cached_property
    def _in_every_base(self) -> dict[Version, Migration]:
        if not self._by_version:
            return {}
        first, *others = self._by_version
        return {version: m for version, m in first.items() if all(version in other for other in others)}

    def _added(self, side: Migrations, other: Migrations) -> Migrations:
        shared = {(m.version, m.blobs) for m in other}
        return tuple(
            m
            for m in side
            if all(m.version not in base for base in self._by_version) and (m.version, m.blobs) not in shared
        )


class Merge(Struct, frozen=True, kw_only=True):
    """What git makes of the two sides in the migrations folder.

    `problems` are names that the layout does not take, `left_alone` files that only one side has, which could be taken
    for migrations and are none; `conflicts` are paths that git cannot merge; `folders` are the
    candidates that hold migrations.
    """

    migrations: Migrations
    problems: tuple[Problem, ...] = ()
    left_alone: tuple[Problem, ...] = ()
    conflicts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


class Sides(Struct, frozen=True, kw_only=True, dict=True):
    """Everything the rules look at.

    `contents` and `footprints` hold, by the migration's blobs, what was added, edited or taken out, and what is common
    to both sides and sorts behind something of ours, as far as it could be read; what could not is in `unreadable`.
    `dependents` reads what builds on what in the base, when asked; `trouble_of` says what keeps a script from running.
    """

    sets: BranchSets
    merge: Merge
    contents: Mapping[str, Content]
    footprints: Mapping[str, Footprint]
    unreadable: Sequence[Problem]
    dependents: Callable[[], Dependents]
    trouble_of: Callable[[Script], Problem | None] = attrgetter("trouble")

    @cached_property
    def ours_added(self) -> list[AddedMigration]:
        """What only our side added, as far as it could be read, in order."""
        return self.read(self.sets.ours_added)

    @cached_property
    def theirs_added(self) -> list[AddedMigration]:
        """What only their side added, as far as it could be read, in order."""
        return self.read(self.sets.theirs_added)

    def read(self, migrations: Migrations) -> list[AddedMigration]:
        """Those of the migrations that could be read."""
        return [
            AddedMigration.of(migration, self.contents[migration.blobs], self.footprints[migration.blobs])
            for migration in migrations
            if migration.blobs in self.footprints
        ]
