"""Looking at every branch for what it adds to the base's migrations; what several have in common is read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gitmig.core.conflicts.dependents import Dependents, reaches_further
from gitmig.core.conflicts.effects import Member
from gitmig.core.conflicts.radar import Addition, Load
from gitmig.core.layouts import group
from gitmig.repository.branches import differences, ever_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.conflicts.sides import Set
    from gitmig.core.migration import Migration
    from gitmig.operations.sides import Reader, Side
    from gitmig.repository.branches import Branch


@dataclass(kw_only=True)
class Added:
    """One combination of migrations, and the branches that add it, each with the names it lacks of the base's."""

    load: Load
    names: list[str] = field(default_factory=list)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(kw_only=True)
class Scan:
    """Looks at every branch, and at what several branches have in common once."""

    base: Side
    reader: Reader
    added: dict[tuple[tuple[str, str], ...], Added] = field(default_factory=dict)
    edited: dict[str, list[Migration]] = field(default_factory=dict)

    def look(self, every: Sequence[Branch]) -> None:
        """Find out what each branch adds or edits: what the base never had."""
        repository, folders = self.reader.project.repository, self.reader.project.settings.folders
        found = differences(repository, self.base.commit, sorted({branch.commit for branch in every}), folders)
        had = ever_in(repository, self.base.commit, folders) if any(d.new for d in found.values()) else set()
        in_base = {migration.label for migration in self.base.migrations}
        for branch in every:
            difference = found.get(branch.commit)
            if difference is None or not difference.new:
                continue
            migrations, _ = group(self.reader.layout, difference.new)
            new = [m for m in migrations if any((file.name, file.blob) not in had for _, file in m.files)]
            self._note(branch.name, tuple(m for m in new if m.label not in in_base), difference.missing)
            if edited := [m for m in new if m.label in in_base]:
                self.edited[branch.name] = edited

    def _note(self, name: str, new: Set, missing: frozenset[str]) -> None:
        key = tuple((migration.label, migration.blobs) for migration in new)
        if key and key not in self.added:
            self.added[key] = Added(load=self.load(self._additions(new)))
        if key:
            self.added[key].names.append(name)
            self.added[key].missing[name] = missing

    def load(self, additions: Sequence[Addition]) -> Load:
        """What they do together; the base is looked into if they drop or move something of it."""
        further = reaches_further(addition.member.footprint for addition in additions)
        return Load(additions=tuple(additions), dependents=self._dependents if further else None)

    @cached_property
    def base_additions(self) -> tuple[Addition, ...]:
        """The base's own migrations in the same form."""
        return self._additions(self.base.migrations)

    @cached_property
    def base_by_entry(self) -> dict[str, Load]:
        """Entry of the folder → the base's migration in it, alone."""
        entries = {m.label: m.files[0][1].name.partition("/")[0] for m in self.base.migrations}
        return {entries[one.member.label]: Load(additions=(one,), dependents=None) for one in self.base_additions}

    def _additions(self, migrations: Sequence[Migration]) -> tuple[Addition, ...]:
        """Those that can be read."""
        self.reader.read(migrations, self.base.in_git)
        return tuple(self._addition(m) for m in migrations if m.blobs in self.reader.footprints)

    def _addition(self, migration: Migration) -> Addition:
        content = self.reader.contents[migration.blobs]
        member = Member(
            label=migration.label,
            path=migration.path,
            first_line=content.up.first_line,
            footprint=self.reader.footprints[migration.blobs],
        )
        return Addition(version=migration.version, blobs=migration.blobs, checksum=content.checksum, member=member)

    @cached_property
    def _dependents(self) -> Dependents:
        return Dependents(addition.member.footprint for addition in self.base_additions)
