"""Two sides compared: what each adds to what they have in common, what git's merge makes of it, and what rules say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.conflicts import findings
from gitmig.check.dependencies import Dependents
from gitmig.check.sides import BranchSets, Merge, Sides
from gitmig.git import history, snapshot
from gitmig.migrations.layouts import group, left_alone
from gitmig.migrations.layouts.parsing import is_script
from gitmig.migrations.model import MigrationSet
from gitmig.project.sides import Reader, Side, common_layout, folders_of, grouped, read_side, side_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.check.findings import Finding
    from gitmig.check.footprint import Footprint
    from gitmig.check.sides import Migrations
    from gitmig.git.snapshot import Snapshot
    from gitmig.migrations.layouts import Layout
    from gitmig.migrations.model import Content, File
    from gitmig.project.project import Project


class Checked(Struct, frozen=True, kw_only=True):
    """What a check found.

    `merge_base` is the commit where the sides parted, one of them after a criss-cross merge. `merged` is the set after
    the merge, as good as it can be made; `contents` holds, by path, what either side added, `footprints` what their SQL
    touches.
    """

    base: Side
    ours: Side
    merge_base: str
    findings: tuple[Finding, ...]
    ours_added: Migrations
    theirs_added: Migrations
    common: Migrations
    layout: Layout
    merged: MigrationSet
    contents: Mapping[str, Content]
    footprints: Mapping[str, Footprint]


def compare_sides(project: Project, base: str | None = None, revision: str | None = None) -> Checked:
    """Compare a revision (None: the work tree) with the tip of a base (None: the upstream's default branch).

    Raises GitmigError where that cannot be decided.
    """
    repository = project.repository
    theirs = read_side(project, base or history.default_base(repository))
    ours = read_side(project, revision)
    parted = history.merge_bases(repository, ours.commit, theirs.commit)
    layout = common_layout(project, (ours, theirs))
    ours, theirs = grouped(project, ours, layout), grouped(project, theirs, layout)
    bases = [grouped(project, side_at(project, commit, commit), layout) for commit in parted]
    sides = _sides(project, layout, ours, theirs, bases)
    sets, contents = sides.sets, sides.contents
    folder = (sides.merge.folders or (ours.snapshot.folder or "",))[0]
    added = (*sets.theirs_added, *sets.ours_added)
    return Checked(
        base=theirs,
        ours=ours,
        merge_base=parted[0],
        findings=findings(sides),
        ours_added=sets.ours_added,
        theirs_added=sets.theirs_added,
        common=sets.common,
        layout=layout,
        merged=MigrationSet(folder=folder, layout=layout.name, migrations=sides.merge.migrations),
        contents={m.path: contents[m.blobs] for m in added if m.blobs in contents},
        footprints={m.path: sides.footprints[m.blobs] for m in added if m.blobs in sides.footprints},
    )


def _sides(project: Project, layout: Layout, ours: Side, theirs: Side, bases: Sequence[Side]) -> Sides:
    sets = BranchSets(
        ours=ours.migrations, theirs=theirs.migrations, merge_bases=tuple(side.migrations for side in bases)
    )
    reader = _read(project, layout, sets, ours, theirs)
    return Sides(
        sets=sets,
        merge=_merge(project, layout, ours, theirs),
        contents=reader.contents,
        footprints=reader.footprints,
        unreadable=tuple(reader.problems),
        dependents=lambda: _dependents(reader, sets.common, theirs.snapshot),
        trouble_of=reader.trouble_of,
    )


def _read(project: Project, layout: Layout, sets: BranchSets, ours: Side, theirs: Side) -> Reader:
    """What the rules look into: what was added or edited, and the common ones that an added one slips in before."""
    reader = Reader(project=project, layout=layout)
    reader.read(sets.ours_added, ours.snapshot)
    reader.read(sets.theirs_added, theirs.snapshot)
    edited = sets.edited(sets.ours)
    reader.read([mine for _, mine in edited], ours.snapshot, footprints=False)
    before = [one for one, _ in edited] + sets.deleted(sets.ours)
    reader.read(before, theirs.in_git, footprints=False)
    if edited:
        versions = {mine.version for _, mine in edited}
        reader.read([m for m in sets.theirs if m.version in versions], theirs.in_git, footprints=False)
    numbered = [m for m in (*sets.ours_added, *sets.theirs_added) if m.ancestry is None]
    first = min((m.version for m in numbered), default=None)
    if first is not None:
        reader.read([m for m in sets.common if m.version > first], theirs.in_git)
    return reader


def _dependents(reader: Reader, common: Migrations, found: Snapshot) -> Dependents:
    reader.read_footprints(common, found)
    return Dependents(reader.footprints[m.blobs] for m in common if m.blobs in reader.footprints)


def _merge(project: Project, layout: Layout, ours: Side, theirs: Side) -> Merge:
    """The merged set by names, with what is not committed yet laid over it."""
    repository = project.repository
    merged = history.merged_tree(repository, ours.commit, theirs.commit)
    folders = tuple(dict.fromkeys(filter(None, (ours.snapshot.folder, theirs.snapshot.folder))))
    trees = {folder: snapshot.at_commit(repository, merged.tree, (folder,)).files for folder in folders}
    files = {file.path: file for found in trees.values() for file in found}
    conflicts = [path for path in merged.conflicts if any(_inside(path, folder) for folder in folders)]
    if ours.snapshot.is_work_tree:
        head = snapshot.at_commit(repository, ours.commit, folders_of(project, ours.commit))
        conflicts += _lay_over(files, _by_path(head), _by_path(ours.snapshot))
    migrations, problems = group(layout, files.values(), lambda wanted: _texts(project, ours, wanted))
    used = tuple(f for f in folders if any(is_script(file) and _inside(file.path, f) for file in files.values()))
    known = _by_path(ours.snapshot).keys() & _by_path(theirs.snapshot).keys()
    return Merge(
        migrations=tuple(migrations),
        problems=tuple(problems),
        left_alone=tuple(p for p in left_alone(files.values(), migrations) if p.path not in known),
        conflicts=tuple(conflicts),
        folders=used or folders,
    )


def _texts(project: Project, ours: Side, files: Sequence[File]) -> dict[str, str]:
    """The texts of files of the merge: git has them all, but for those that only lie in the work tree."""
    on_disk = [file for file in files if file in ours.snapshot.files and file.path in ours.snapshot.on_disk]
    in_git = [file for file in files if file not in on_disk]
    texts = snapshot.read_texts(project.repository, ours.snapshot, on_disk)
    return texts | snapshot.read_texts(project.repository, ours.in_git, in_git)


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
