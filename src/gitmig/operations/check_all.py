"""`gitmig check --all`: every branch against the base and against every other one. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.check.branches import errors, pairs
from gitmig.check.rules.sets import edit
from gitmig.git import merge
from gitmig.git.branches import branches
from gitmig.project.sides import Reader, Scan, common_layout, grouped, read_side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitmig.check.branches import Contribution
    from gitmig.check.effects import AddedMigration
    from gitmig.check.findings import Finding
    from gitmig.migrations.model import Migration
    from gitmig.project.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingPair:
    """Two branches that will conflict, the base always first, and what about."""

    first: str
    second: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchConflicts:
    """`adding` are the branches that add migrations to the base's; `pairs` those with the base first.

    `unreadable` names branches with migrations that could not be read, and why: they are compared without them.
    """

    base: str
    branches: int
    adding: tuple[str, ...]
    pairs: tuple[ConflictingPair, ...]
    unreadable: tuple[tuple[str, str], ...] = ()


def check_all(project: Project, base: str | None = None, pattern: str | None = None) -> BranchConflicts:
    """Compare all local and remote branches whose names fit the pattern. Raises GitmigError."""
    name = base or merge.default_base(project.repository)
    side = read_side(project, name)
    layout = common_layout(project, [side])
    scan = Scan(base=grouped(side, layout), reader=Reader(project=project, layout=layout))
    every = [branch for branch in branches(project.repository, pattern) if branch.commit != side.commit]
    scan.look(every)
    found = [*_against_base(scan), *_against_each_other(scan)]
    return BranchConflicts(
        base=name,
        branches=len(every),
        adding=tuple(sorted({branch for added in scan.added.values() for branch in added.names})),
        pairs=tuple(found),
        unreadable=tuple((problem.place, problem.message) for problem in scan.reader.problems),
    )


def _against_base(scan: Scan) -> Iterator[ConflictingPair]:
    """Branches that edit what the base has, or clash with what it got since."""
    for name, edited in sorted(scan.edited.items()):
        if findings := tuple(_edits(scan, edited)):
            yield ConflictingPair(first=scan.base.name, second=name, findings=findings)
    for added in scan.added.values():
        known: dict[tuple[str, ...], tuple[Finding, ...]] = {}
        for name in added.names:
            since = _since(scan, added.load, added.missing[name])
            key = tuple(addition.label for addition in since)
            if key not in known:
                known[key] = errors(added.load, scan.load(since))
            if known[key]:
                yield ConflictingPair(first=scan.base.name, second=name, findings=known[key])


def _since(scan: Scan, load: Contribution, missing: frozenset[str]) -> tuple[AddedMigration, ...]:
    """Of what the base got since, what touches the same objects as the load, in order."""
    if not missing:
        return ()
    since = (scan.base_by_entry[name] for name in missing if name in scan.base_by_entry)
    near = [addition for one in since if load.meets(one) for addition in one.additions]
    return tuple(sorted(near, key=lambda addition: addition.version))


def _edits(scan: Scan, edited: Iterable[Migration]) -> Iterator[Finding]:
    scan.reader.read(edited, scan.base.in_git, footprints=False)
    in_base = {addition.label: addition for addition in scan.base_additions}
    for migration in edited:
        content, before = scan.reader.contents.get(migration.blobs), in_base.get(migration.label)
        if content and before and content.checksum != before.checksum:
            yield edit(migration)


def _against_each_other(scan: Scan) -> list[ConflictingPair]:
    """Branches that clash with each other."""
    found = []
    every = list(scan.added.values())
    for first, second, findings in pairs([added.load for added in every]):
        for one in every[first].names:
            found += [ConflictingPair(first=one, second=two, findings=findings) for two in every[second].names]
    return sorted(found, key=lambda pair: (pair.first, pair.second))
