"""Where the migrations are for which kept rows wait: applied, in the work tree, on a branch, or nowhere any more."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError
from gitmig.git import snapshot
from gitmig.git.branches import branches, folders_at
from gitmig.git.snapshot import Snapshot
from gitmig.migrations.layouts import group
from gitmig.migrations.model import Version
from gitmig.project.sides import Reader
from gitmig.project.target import layout_of, reader_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.migrations.layouts import Layout
    from gitmig.migrations.model import File, Migration
    from gitmig.migrations.plan import Applied
    from gitmig.project.project import Project
    from gitmig.rows.items import Item


class Whereabouts(Struct, frozen=True, kw_only=True):
    """Where a migration is: applied, in the work tree, on these branches, local and remote ones."""

    applied: bool = False
    in_work_tree: bool = False
    branches: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.applied or self.in_work_tree or bool(self.branches)


def find_migrations(project: Project, stack: Sequence[Applied], items: Sequence[Item]) -> dict[int, Whereabouts]:
    """For each item that a migration brings back, by its number, where that is. It is known by its up."""
    waiting = [item for item in items if item.comes_back]
    if not waiting:
        return {}
    search = _Search(project, waiting)
    applied = {one.checksum for one in stack}
    here, there = search.run({item.checksum for item in waiting} - applied)
    return {
        item.id: Whereabouts(
            applied=item.checksum in applied,
            in_work_tree=item.checksum in here,
            branches=tuple(sorted(there.get(item.checksum, ()))),
        )
        for item in waiting
    }


class _Place(Struct, frozen=True, kw_only=True):
    """A migrations folder, the branches that have it so, and what is in it; the work tree has no branch's name."""

    names: tuple[str, ...]
    found: Snapshot
    reader: Reader
    migrations: tuple[Migration, ...]


class _Search:
    """Reads first what is called like one of the items' migrations, and the rest only for what was not among these."""

    def __init__(self, project: Project, items: Sequence[Item]) -> None:
        self._project = project
        self._names = {item.migration for item in items if item.migration}
        self._versions = {Version(item.version) for item in items}
        self._readers: dict[str, Reader] = {}
        self._layouts: list[tuple[Layout, frozenset[File]]] = []  # files of one place tell the layout of another

    def run(self, wanted: set[str]) -> tuple[set[str], dict[str, set[str]]]:
        """Of the checksums, those in the work tree; and for each, the branches that have it."""
        here: set[str] = set()
        there: dict[str, set[str]] = {}
        for likely in (True, False):
            missing = wanted - here - there.keys()
            if not missing:
                break
            for place in self._places:
                found = self._checksums(place, likely=likely) & missing
                for checksum in found if place.names else ():
                    there.setdefault(checksum, set()).update(place.names)
                here |= set() if place.names else found
        return here, there

    @cached_property
    def _places(self) -> list[_Place]:
        repository, folders = self._project.repository, self._project.settings.folders
        found: list[_Place] = []
        if repository.root is not None:
            with suppress(GitmigError):  # a merge is under way, perhaps
                found += self._place((), snapshot.of_work_tree(repository, folders))
        names: dict[str, list[str]] = {}
        for branch in branches(repository):
            names.setdefault(branch.commit, []).append(branch.name)
        same: dict[tuple[File, ...], list[str]] = {}
        for commit, files in folders_at(repository, sorted(names), folders).items():
            same.setdefault(files, []).append(commit)
        for files, commits in same.items():
            snap = Snapshot(commit=commits[0], folder=folders[0], files=files)
            found += self._place(tuple(name for commit in commits for name in names[commit]), snap)
        return found

    def _place(self, names: tuple[str, ...], found: Snapshot) -> list[_Place]:
        if found.folder is None:
            return []
        layout = next((one for one, files in self._layouts if not files.isdisjoint(found.files)), None)
        if layout is None:  # to tell it takes longer than all the rest
            layout = layout_of(self._project, found)
            self._layouts.append((layout, frozenset(found.files)))
        reader = self._readers.setdefault(layout.name, Reader(project=self._project, layout=layout))
        migrations, _ = group(layout, found.files, reader_of(self._project, found))
        return [_Place(names=names, found=found, reader=reader, migrations=tuple(migrations))]

    def _checksums(self, place: _Place, *, likely: bool) -> set[str]:
        """The checksums of the ups of those that are called as wanted, or of the others."""
        chosen = [m for m in place.migrations if self._is_likely(m) == likely]
        with suppress(GitmigError):  # a partial clone lacks it, perhaps
            place.reader.read(chosen, place.found, footprints=False)
        contents = place.reader.contents
        return {contents[m.blobs].checksum for m in chosen if m.blobs in contents}

    def _is_likely(self, migration: Migration) -> bool:
        return migration.name in self._names or migration.version in self._versions
