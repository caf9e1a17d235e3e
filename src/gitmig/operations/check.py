"""`gitmig check`: can the migrations of two sides live together? Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.conflicts.dependents import Dependents
from gitmig.core.conflicts.sides import Merge, Pedigree, Sides
from gitmig.core.conflicts.verdict import findings
from gitmig.core.layouts import group, left_alone
from gitmig.core.layouts.names import is_script
from gitmig.core.migration import MigrationSet
from gitmig.operations.sides import Reader, Side, common_layout, folders_of, grouped, read_side
from gitmig.repository import merging, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.core.conflicts.sides import Set
    from gitmig.core.findings import Finding
    from gitmig.core.layouts import Layout
    from gitmig.core.migration import Content, File
    from gitmig.operations.project import Project
    from gitmig.repository.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found.

    `merge_base` is the commit where the sides parted, one of them after a criss-cross merge. `merged` is the set after
    the merge, as good as it can be made; `contents` holds, by path, what either side added.
    """

    base: Side
    ours: Side
    merge_base: str
    findings: tuple[Finding, ...]
    ours_added: Set
    theirs_added: Set
    common: Set
    layout: Layout
    merged: MigrationSet
    contents: Mapping[str, Content]


def check(project: Project, base: str | None = None, revision: str | None = None) -> Checked:
    """Compare a revision (None: the work tree) with the tip of a base (None: the upstream's default branch).

    Raises GitmigError where that cannot be decided.
    """
    repository = project.repository
    theirs = read_side(project, base or merging.default_base(repository))
    ours = read_side(project, revision)
    parted = merging.merge_bases(repository, ours.commit, theirs.commit)
    layout = common_layout(project, (ours, theirs))
    ours, theirs = grouped(ours, layout), grouped(theirs, layout)
    bases = [grouped(read_side(project, commit), layout) for commit in parted]
    sides = _sides(project, layout, ours, theirs, bases)
    pedigree, contents = sides.pedigree, sides.contents
    folder = (sides.merge.folders or (ours.snapshot.folder or "",))[0]
    added = (*pedigree.theirs_added, *pedigree.ours_added)
    return Checked(
        base=theirs,
        ours=ours,
        merge_base=parted[0],
        findings=findings(sides),
        ours_added=pedigree.ours_added,
        theirs_added=pedigree.theirs_added,
        common=pedigree.common,
        layout=layout,
        merged=MigrationSet(folder=folder, layout=layout.name, migrations=sides.merge.migrations),
        contents={m.path: contents[m.blobs] for m in added if m.blobs in contents},
    )


def _sides(project: Project, layout: Layout, ours: Side, theirs: Side, bases: Sequence[Side]) -> Sides:
    pedigree = Pedigree(
        ours=ours.migrations, theirs=theirs.migrations, merge_bases=tuple(side.migrations for side in bases)
    )
    reader = _read(project, layout, pedigree, ours, theirs)
    return Sides(
        pedigree=pedigree,
        merge=_merge(project, layout, ours, theirs),
        contents=reader.contents,
        footprints=reader.footprints,
        unreadable=tuple(reader.problems),
        dependents=lambda: _dependents(reader, pedigree.common, theirs.snapshot),
    )


def _read(project: Project, layout: Layout, pedigree: Pedigree, ours: Side, theirs: Side) -> Reader:
    """What the rules look into: what was added or edited, and the common ones that an added one slips in before."""
    reader = Reader(project=project, layout=layout)
    reader.read(pedigree.ours_added, ours.snapshot)
    reader.read(pedigree.theirs_added, theirs.snapshot)
    edited = pedigree.edited(pedigree.ours)
    reader.read([mine for _, mine in edited], ours.snapshot, footprints=False)
    before = [one for one, _ in edited] + pedigree.deleted(pedigree.ours)
    reader.read(before, theirs.in_git, footprints=False)
    if edited:
        versions = {mine.version for _, mine in edited}
        reader.read([m for m in pedigree.theirs if m.version in versions], theirs.in_git, footprints=False)
    first = min((m.version for m in (*pedigree.ours_added, *pedigree.theirs_added)), default=None)
    if first is not None:
        reader.read([m for m in pedigree.common if m.version > first], theirs.in_git)
    return reader


def _dependents(reader: Reader, common: Set, found: Snapshot) -> Dependents:
    reader.read(common, found)
    return Dependents(reader.footprints[m.blobs] for m in common if m.blobs in reader.footprints)


def _merge(project: Project, layout: Layout, ours: Side, theirs: Side) -> Merge:
    """The merged set by names, with what is not committed yet laid over it."""
    repository = project.repository
    merged = merging.merged_tree(repository, ours.commit, theirs.commit)
    folders = tuple(dict.fromkeys(filter(None, (ours.snapshot.folder, theirs.snapshot.folder))))
    trees = {folder: snapshot.at_commit(repository, merged.tree, (folder,)).files for folder in folders}
    files = {file.path: file for found in trees.values() for file in found}
    conflicts = [path for path in merged.conflicts if any(_inside(path, folder) for folder in folders)]
    if ours.snapshot.is_work_tree:
        head = snapshot.at_commit(repository, ours.commit, folders_of(project, ours.commit))
        conflicts += _lay_over(files, _by_path(head), _by_path(ours.snapshot))
    migrations, problems = group(layout, files.values())
    used = tuple(f for f in folders if any(is_script(file) and _inside(file.path, f) for file in files.values()))
    known = _by_path(ours.snapshot).keys() & _by_path(theirs.snapshot).keys()
    return Merge(
        migrations=tuple(migrations),
        problems=tuple(problems),
        left_alone=tuple(p for p in left_alone(files.values(), migrations) if p.path not in known),
        conflicts=tuple(conflicts),
        folders=used or folders,
    )


def _lay_over(files: dict[str, File], head: Mapping[str, File], now: Mapping[str, File]) -> list[str]:
    """Carry over what changed since HEAD; returns the paths in which the merge changed something else."""
    conflicts = []
    for path in head.keys() | now.keys():
        if now.get(path) == head.get(path):
            continue
        if files.get(path) not in {head.get(path), now.get(path)}:
            conflicts.append(path)
        elif path in now:
            files[path] = now[path]
        else:
            files.pop(path, None)
    return sorted(conflicts)


def _by_path(found: Snapshot) -> dict[str, File]:
    return {file.path: file for file in found.files}


def _inside(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")
