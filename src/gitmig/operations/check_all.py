"""`gitmig check --all`: every branch against the base and against every other one. Changes nothing.

`BranchScan` looks at every branch for what it adds to the base's migrations; what several have in common is read once.
A work tree in which migrations are not committed counts as one more branch, with the files as they are on the disk.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.check.branches import Contribution, conflicting_pairs, errors
from gitmig.check.dependencies import Dependents, reaches_further
from gitmig.check.effects import AddedMigration
from gitmig.check.rules.sets import edit
from gitmig.errors import GitmigError
from gitmig.git import history, snapshot
from gitmig.git.branches import branches, difference_between, differences, ever_in
from gitmig.git.worktrees import this_work_tree
from gitmig.migrations.layouts import group
from gitmig.migrations.model import InvalidMigrations, Problem
from gitmig.project.sharing import other_work_trees, seen_from
from gitmig.project.sides import Reader, common_layout, grouped, read_side
from gitmig.project.target import reader_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gitmig.check.findings import Finding
    from gitmig.check.sides import Migrations
    from gitmig.git.branches import Branch, BranchDifference
    from gitmig.git.snapshot import Snapshot
    from gitmig.git.worktrees import WorkTree
    from gitmig.migrations.model import Migration
    from gitmig.project.project import Project
    from gitmig.project.sides import Side


class ConflictingPair(Struct, frozen=True, kw_only=True):
    """Two branches that will conflict, the base always first, and what about."""

    first: str
    second: str
    findings: tuple[Finding, ...]


class BranchConflicts(Struct, frozen=True, kw_only=True):
    """`adding` are the branches that add migrations to the base's; `pairs` those with the base first.

    `work_trees` have migrations that are not committed: in pairs they are called as here, besides their branches.
    `unreadable` names branches with migrations that could not be read, and why: they are compared without them.
    """

    base: str
    branches: int
    adding: tuple[str, ...]
    pairs: tuple[ConflictingPair, ...]
    work_trees: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def check_all(project: Project, base: str | None = None, pattern: str | None = None) -> BranchConflicts:
    """Compare all local and remote branches whose names fit the pattern. Raises GitmigError."""
    name = base or history.default_base(project.repository)
    side = read_side(project, name)
    layout = common_layout(project, [side])
    scan = BranchScan(base=grouped(project, side, layout), reader=Reader(project=project, layout=layout))
    every = [branch for branch in branches(project.repository, pattern) if branch.commit != side.commit]
    scan.look(every)
    for tree in _work_trees(project, pattern):
        scan.look_at_files(tree)
    found = [*_against_base(scan), *_against_each_other(scan)]
    adding = {branch for added in scan.added.values() for branch in added.names}
    return BranchConflicts(
        base=name,
        branches=len(every),
        adding=tuple(sorted(adding - scan.work_trees.keys())),
        pairs=tuple(_without_what_is_committed(found, scan.work_trees)),
        work_trees=tuple(scan.work_trees),
        unreadable=tuple((problem.place, problem.message) for problem in scan.reader.problems),
    )


def _work_trees(project: Project, pattern: str | None) -> list[WorkTree]:
    """The one that it is called in and the others, as far as what is checked out there fits the pattern."""
    here = [this_work_tree(project.repository)] if project.repository.root else []
    trees = [*here, *other_work_trees(project)]
    return [tree for tree in trees if pattern is None or (tree.branch and fnmatchcase(tree.branch, pattern))]


def _without_what_is_committed(
    pairs: Sequence[ConflictingPair], branch_of: Mapping[str, str | None]
) -> Iterator[ConflictingPair]:
    """The pairs without what is found of the work trees' branches as well: that is told once."""
    known = {frozenset((pair.first, pair.second)): {(f.code, f.message) for f in pair.findings} for pair in pairs}
    for pair in pairs:
        names = [tuple(n for n in (one, branch_of.get(one)) if n is not None) for one in (pair.first, pair.second)]
        others = [frozenset(both) for both in product(*names) if both != (pair.first, pair.second)]
        told = set().union(*(known.get(both, set()) for both in others))
        if left := tuple(f for f in pair.findings if (f.code, f.message) not in told):
            yield replace(pair, findings=left)


def _against_base(scan: BranchScan) -> Iterator[ConflictingPair]:
    """Branches that edit what the base has, or clash with what it got since."""
    for name, edited in sorted(scan.edited.items()):
        if findings := tuple(_edits(scan, edited)):
            yield ConflictingPair(first=scan.base.name, second=name, findings=findings)
    for added in scan.added.values():
        known: dict[tuple[str, ...], tuple[Finding, ...]] = {}
        for name in added.names:
            since = _since(scan, added.contribution, added.missing[name])
            key = tuple(one.label for one in since)
            if key not in known:
                known[key] = errors(added.contribution, scan.contribution_of(since))
            if known[key]:
                yield ConflictingPair(first=scan.base.name, second=name, findings=known[key])


def _since(scan: BranchScan, contribution: Contribution, missing: frozenset[str]) -> tuple[AddedMigration, ...]:
    """Of what the base got since, what touches the same objects as the contribution, in order."""
    if not missing:
        return ()
    since = (scan.base_by_entry[name] for name in missing if name in scan.base_by_entry)
    near = {added.label for one in since if contribution.overlaps(one) for added in one.migrations}
    return tuple(added for added in scan.base_migrations if added.label in near)


def _edits(scan: BranchScan, edited: Iterable[Migration]) -> Iterator[Finding]:
    scan.reader.read(edited, scan.base.in_git, footprints=False)
    in_base = {added.label: added for added in scan.base_migrations}
    for migration in edited:
        content, before = scan.reader.contents.get(migration.blobs), in_base.get(migration.label)
        if content and before and content.checksum != before.content.checksum:
            yield edit(migration)


def _against_each_other(scan: BranchScan) -> list[ConflictingPair]:
    """Branches that clash with each other."""
    found = []
    every = list(scan.added.values())
    for first, second, findings in conflicting_pairs([added.contribution for added in every]):
        for one in every[first].names:
            found += [ConflictingPair(first=one, second=two, findings=findings) for two in every[second].names]
    return sorted(found, key=lambda pair: (pair.first, pair.second))


class SharedContribution(Struct, kw_only=True):
    """One combination of migrations, and the branches that add it, each with the names it lacks of the base's."""

    contribution: Contribution
    names: list[str] = field(default_factory=list)
    missing: dict[str, frozenset[str]] = field(default_factory=dict)


class BranchScan(Struct, kw_only=True, dict=True):
    """Looks at every branch, and at what several branches have in common once.

    `work_trees` are those whose files were looked at, as they are called, with the branches they have checked out.
    """

    base: Side
    reader: Reader
    added: dict[tuple[tuple[str, str], ...], SharedContribution] = field(default_factory=dict)
    edited: dict[str, list[Migration]] = field(default_factory=dict)
    work_trees: dict[str, str | None] = field(default_factory=dict)

    def look(self, every: Sequence[Branch]) -> None:
        """Find out what each branch adds or edits: what the base never had."""
        repository, folders = self.reader.project.repository, self.reader.project.settings.folders
        found = differences(repository, self.base.commit, sorted({branch.commit for branch in every}), folders)
        for branch in every:
            difference = found.get(branch.commit)
            if difference is not None:
                self._sort(branch.name, difference, self.reader, self.base.in_git)

    def look_at_files(self, tree: WorkTree) -> None:
        """Find out what a work tree adds or edits, if anything there is not committed."""
        project = self.reader.project
        there = project if tree.git_dir == project.repository.git_dir else seen_from(project, tree)
        place = tree.shown_from(this_work_tree(project.repository).path)
        name = f"{'this work tree' if place == '.' else place}, uncommitted"
        inside = "" if place == "." else f"{place}/"
        reader = replace(self.reader, project=there, problems=[])
        try:
            found = snapshot.of_work_tree(there.repository, there.settings.folders)
            if not _is_committed(there, found):
                self.work_trees[name] = tree.branch
                self._sort(name, difference_between(self.base.snapshot, found), reader, found)
        except InvalidMigrations as error:
            reader.problems += error.problems
        except GitmigError as error:
            reader.problems.append(
                Problem(path=there.settings.folders[0], message=error.message, hint=error.hint or "")
            )
        self.reader.problems += [replace(one, path=f"{inside}{one.path}") for one in reader.problems]

    def _sort(self, name: str, difference: BranchDifference, reader: Reader, found: Snapshot) -> None:
        """Note what is new in the branch `name`, and what it edits; `found` is where that can be read."""
        if not difference.new:
            return
        in_base = {migration.label for migration in self.base.migrations}
        migrations, _ = group(reader.layout, difference.new, reader_of(reader.project, found))
        new = [m for m in migrations if any((file.name, file.blob) not in self._had for _, file in m.files)]
        if found.is_work_tree:  # what git has not is read here, and known from now on
            reader.read(new, found)
        self._note(name, tuple(m for m in new if m.label not in in_base), difference.missing)
        if edited := [m for m in new if m.label in in_base]:
            self.edited[name] = edited

    @cached_property
    def _had(self) -> set[tuple[str, str]]:
        project = self.reader.project
        return ever_in(project.repository, self.base.commit, project.settings.folders)

    def _note(self, name: str, new: Migrations, missing: frozenset[str]) -> None:
        key = tuple((migration.label, migration.blobs) for migration in new)
        if key and key not in self.added:
            self.added[key] = SharedContribution(contribution=self.contribution_of(self._read(new)))
        if key:
            self.added[key].names.append(name)
            self.added[key].missing[name] = missing

    def contribution_of(self, migrations: Sequence[AddedMigration]) -> Contribution:
        """What they do together; the base is looked into if they drop or move something of it."""
        further = reaches_further(added.footprint for added in migrations)
        return Contribution(migrations=tuple(migrations), dependents=self._dependents if further else None)

    @cached_property
    def base_migrations(self) -> tuple[AddedMigration, ...]:
        """The base's own migrations in the same form."""
        return self._read(self.base.migrations)

    @cached_property
    def base_by_entry(self) -> dict[str, Contribution]:
        """Entry of the folder → the base's migration in it, alone."""
        entries = {m.label: m.files[0][1].name.partition("/")[0] for m in self.base.migrations}
        return {entries[one.label]: Contribution(migrations=(one,), dependents=None) for one in self.base_migrations}

    def _read(self, migrations: Sequence[Migration]) -> tuple[AddedMigration, ...]:
        """Those that can be read."""
        self.reader.read(migrations, self.base.in_git)
        contents, footprints = self.reader.contents, self.reader.footprints
        read = (m for m in migrations if m.blobs in footprints)
        return tuple(AddedMigration.of(m, contents[m.blobs], footprints[m.blobs]) for m in read)

    @cached_property
    def _dependents(self) -> Dependents:
        return Dependents(added.footprint for added in self.base_migrations)


def _is_committed(project: Project, found: Snapshot) -> bool:
    """Whether the files of a work tree are those of its commit."""
    if found.commit is None:
        return not found.files
    committed = snapshot.at_commit(project.repository, found.commit, project.settings.folders).files
    return {(one.path, one.blob) for one in committed} == {(one.path, one.blob) for one in found.files}
