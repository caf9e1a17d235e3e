"""`gitmig record`: write which migration set belongs to which commit, as git notes that travel with the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.events import CommitRead, silent
from gitmig.git import notes
from gitmig.git.history import commits_touching, touching_among
from gitmig.git.snapshot import at_commit
from gitmig.migrations.model import InvalidMigrations
from gitmig.migrations.record import Record, make_record, suspects
from gitmig.project.target import target_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.events import Notify
    from gitmig.git.history import Commit
    from gitmig.git.repository import Repository
    from gitmig.project.project import Project
    from gitmig.project.target import Target

EVERYTHING = ("--branches", "--tags", "--remotes", "HEAD")


class Recorded(Struct, frozen=True, kw_only=True):
    """`written` maps commits to records that are new or were corrected; `unchanged` counts those that were right.

    `refused` maps commits whose migrations are invalid to the reason; they get no record.
    """

    written: dict[str, Record]
    unchanged: int
    refused: dict[str, str]


def record(
    project: Project,
    revisions: Sequence[str] = (),
    *,
    everything: bool = False,
    notify: Notify = silent,
) -> Recorded:
    """Record the commits named, HEAD if none is, or every commit of every branch; one write for all of them.

    Records that were fetched are added to those of the clone.
    """
    repository, folders = project.repository, project.settings.folders
    ids: list[str] = []
    if everything:
        commits = list(commits_touching(repository, EVERYTHING if repository.head else EVERYTHING[:-1], folders))
    else:
        ids = [repository.resolve(revision) for revision in revisions or ("HEAD",)]
        commits = list(touching_among(repository, ids, folders))
    existing = notes.read_notes(repository, {commit.id for commit in commits})
    targets = Targets(project)
    written, refused, unchanged = {}, {}, 0
    for number, commit in enumerate(commits, 1):
        try:
            made = record_of(commit, targets)
        except InvalidMigrations as error:
            refused[commit.id] = error.message
            continue
        finally:
            notify(CommitRead(number))
        if not made.changes:
            continue
        if _stands(existing.get(commit.id), made):
            unchanged += 1
        else:
            written[commit.id] = made
    stale = {} if everything else _stale(repository, set(ids) - {commit.id for commit in commits})
    notes.write_notes(repository, {commit: made.to_text() for commit, made in written.items()} | stale)
    return Recorded(written=written, unchanged=unchanged, refused=refused)


def _stale(repository: Repository, commits: set[str]) -> dict[str, str | None]:
    """The records of commits that change nothing: they are taken away, other people's notes are not."""
    found = notes.read_notes(repository, commits)
    return {commit: None for commit, text in found.items() if Record.from_text(text) is not None}


def _stands(note: str | None, made: Record) -> bool:
    """Whether a note is to be left as it is: it says the same, whatever else it says, or it is somebody else's."""
    return note is not None and Record.from_text(note) in {None, made}


def record_of(commit: Commit, targets: Targets) -> Record:
    """The record as the commit's tree has it. Raises InvalidMigrations."""
    current = targets.at(commit.id)
    if current is None:
        return Record(set_id="", count=0)
    parent = targets.last_valid(commit.parent)
    pairs = suspects(parent.set if parent else None, current.set)
    checksums = {}
    if parent and pairs:
        before, after = parent.contents([old for old, _ in pairs]), current.contents([new for _, new in pairs])
        checksums = {old.blobs: before[old.path].checksum for old, _ in pairs}
        checksums |= {new.blobs: after[new.path].checksum for _, new in pairs}
    return make_record(parent.set if parent else None, current.set, checksums)


class Targets:
    """The sets of commits; neighbours in a history ask for the same ones."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[str, Target | None] = {}

    def at(self, commit: str) -> Target | None:
        """The set of a commit, None if it has no migrations folder. Raises InvalidMigrations."""
        if commit not in self._known:
            found = at_commit(self._project.repository, commit, self._project.settings.folders)
            self._known[commit] = target_of(self._project, found)
        return self._known[commit]

    def last_valid(self, commit: str | None) -> Target | None:
        """The set of the commit, or of its nearest first-parent ancestor whose migrations are valid."""
        while commit is not None:
            try:
                return self.at(commit)
            except InvalidMigrations:
                commit = self._project.repository.object_id(f"{commit}^")
        return None
