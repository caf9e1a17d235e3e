"""`gitmig check --all`: every branch against the base and against every other one. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from gitmig.core.conflicts.dependents import Dependents
from gitmig.core.conflicts.edited import edit
from gitmig.core.conflicts.effects import Member
from gitmig.core.conflicts.radar import Addition, Load, errors, pairs
from gitmig.core.footprint.touches import Verb
from gitmig.core.layouts import group
from gitmig.operations.sides import Reader, common_layout, grouped, read_side
from gitmig.repository import merging, snapshot
from gitmig.repository.branches import branches, differences, ever_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.core.conflicts.sides import Set
    from gitmig.core.findings import Finding
    from gitmig.core.migration import Migration
    from gitmig.operations.project import Project
    from gitmig.operations.sides import Side
    from gitmig.repository.branches import Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two branches that will conflict, the base always first, and what about."""

    first: str
    second: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Radar:
    """`adding` are the branches that add migrations to the base's; `pairs` those with the base first.

    `unreadable` names branches with migrations that could not be read, and why: they are compared without them.
    """

    base: str
    branches: int
    adding: tuple[str, ...]
    pairs: tuple[Pair, ...]
    unreadable: tuple[tuple[str, str], ...] = ()


def radar(project: Project, base: str | None = None, pattern: str | None = None) -> Radar:
    """Compare all local and remote branches whose names fit the pattern. Raises GitmigError."""
    name = base or merging.default_base(project.repository)
    side = read_side(project, name)
    layout = common_layout(project, [side])
    scan = _Scan(base=grouped(side, layout), reader=Reader(project=project, layout=layout))
    every = [branch for branch in branches(project.repository, pattern) if branch.commit != side.commit]
    scan.look(every)
    found = [*scan.against_base(), *scan.against_each_other()]
    return Radar(
        base=name,
        branches=len(every),
        adding=tuple(sorted({branch for added in scan.added.values() for branch in added.names})),
        pairs=tuple(found),
        unreadable=tuple((problem.place, problem.message) for problem in scan.reader.problems),
    )


@dataclass(kw_only=True)
class _Added:
    """One combination of migrations, and the branches that add it, each with the names it lacks of the base's."""

    load: Load
    names: list[str] = field(default_factory=list)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(kw_only=True)
class _Scan:
    """Looks at every branch, and at what several branches have in common once."""

    base: Side
    reader: Reader
    added: dict[tuple[str, ...], _Added] = field(default_factory=dict)
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
        key = tuple(migration.blobs for migration in new)
        if key and key not in self.added:
            self.added[key] = _Added(load=self._load(new))
        if key:
            self.added[key].names.append(name)
            self.added[key].missing[name] = missing

    def _load(self, migrations: Iterable[Migration]) -> Load:
        self.reader.read(migrations, _anywhere(self.base))
        additions = tuple(self._addition(m) for m in migrations if m.blobs in self.reader.footprints)
        drops = any(touch.verb is Verb.DROP for a in additions for touch in a.member.footprint.touches)
        return Load(additions=additions, dependents=self._dependents if drops else None)

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
        return Dependents(addition.member.footprint for addition in self._base_additions)

    @cached_property
    def _base_additions(self) -> tuple[Addition, ...]:
        self.reader.read(self.base.migrations, _anywhere(self.base))
        return tuple(self._addition(m) for m in self.base.migrations if m.blobs in self.reader.footprints)

    @cached_property
    def _base_by_entry(self) -> dict[str, Addition]:
        """Entry of the folder → the base's migration in it."""
        names = {m.blobs: m.files[0][1].name.partition("/")[0] for m in self.base.migrations}
        return {names[addition.blobs]: addition for addition in self._base_additions}

    def against_base(self) -> Iterator[Pair]:
        """Branches that edit what the base has, or clash with what it got since."""
        for name, edited in sorted(self.edited.items()):
            if findings := tuple(self._edits(edited)):
                yield Pair(first=self.base.name, second=name, findings=findings)
        for added in self.added.values():
            known: dict[tuple[str, ...], tuple[Finding, ...]] = {}
            for name in added.names:
                since = self._since(added.load, added.missing[name])
                key = tuple(addition.blobs for addition in since)
                if key not in known:
                    known[key] = errors(added.load, Load(additions=since, dependents=added.load.dependents))
                if known[key]:
                    yield Pair(first=self.base.name, second=name, findings=known[key])

    def _since(self, load: Load, missing: frozenset[str]) -> tuple[Addition, ...]:
        """Of what the base got since, what touches the same objects as the load, in order."""
        if not missing:
            return ()
        since = (self._base_by_entry[name] for name in missing if name in self._base_by_entry)
        near = [addition for addition in since if load.meets(_alone(addition))]
        return tuple(sorted(near, key=lambda addition: addition.version))

    def _edits(self, edited: Iterable[Migration]) -> Iterator[Finding]:
        self.reader.read(edited, _anywhere(self.base), footprints=False)
        in_base = {addition.member.label: addition for addition in self._base_additions}
        for migration in edited:
            content, before = self.reader.contents.get(migration.blobs), in_base.get(migration.label)
            if content and before and content.checksum != before.checksum:
                yield edit(migration)

    def against_each_other(self) -> list[Pair]:
        """Branches that clash with each other."""
        found = []
        every = list(self.added.values())
        for first, second, findings in pairs([added.load for added in every]):
            for one in every[first].names:
                found += [Pair(first=one, second=two, findings=findings) for two in every[second].names]
        return sorted(found, key=lambda pair: (pair.first, pair.second))


@cache
def _alone(addition: Addition) -> Load:
    return Load(additions=(addition,), dependents=None)


def _anywhere(side: Side) -> snapshot.Snapshot:
    """A snapshot whose files are read by their blob ids, wherever they lie."""
    return snapshot.Snapshot(commit=side.commit, folder=None)
