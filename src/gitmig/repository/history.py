"""Which commits changed the migrations folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.repository.door import Repository

FORMAT = "%H%x00%P%x00%cI%x00%an%x00%s"
FIELDS = FORMAT.count("%x00") + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as `gitmig log` shows it. `parent` is the first parent, None for a root; `at` is ISO 8601."""

    id: str
    parent: str | None
    at: str
    author: str
    subject: str


def commits_touching(repository: Repository, revisions: Sequence[str], folders: Sequence[str]) -> Iterator[Commit]:
    """The commits reachable from `revisions` whose migrations folder is another than their first parent's.

    Newest first. A shallow clone's last commits are left out: what they changed cannot be known there.
    """
    return _changing(repository, ("--full-history", "--topo-order", *revisions, "--", *folders), folders)


def touching_among(repository: Repository, commits: Sequence[str], folders: Sequence[str]) -> Iterator[Commit]:
    """Those of the commits, and of no others, whose migrations folder is another than their first parent's."""
    return _changing(repository, ("--no-walk=unsorted", *commits, "--"), folders)


def parents_of_adding(repository: Repository, path: str) -> list[str]:
    """The first parents of the commits, of any branch, that brought a file in; newest first."""
    out = repository.run("log", "--all", "--diff-filter=A", "--format=%P", "--", path).decode()
    return [line.split()[0] for line in out.splitlines() if line.strip()]


def _changing(repository: Repository, selection: Sequence[str], folders: Sequence[str]) -> Iterator[Commit]:
    out = repository.run("log", "-z", "--encoding=UTF-8", f"--format={FORMAT}", *selection)
    words = out.decode("utf-8", "replace").split("\0")
    for start in range(0, len(words) - FIELDS + 1, FIELDS):
        commit_id, parents, at, author, subject = words[start : start + FIELDS]
        if commit_id in repository.shallow:
            continue
        parent = parents.split()[0] if parents else None
        before = _trees(repository, parent, folders) if parent else [None] * len(folders)
        if before != _trees(repository, commit_id, folders):
            yield Commit(id=commit_id, parent=parent, at=at, author=author, subject=subject)


def _trees(repository: Repository, commit: str, folders: Sequence[str]) -> list[str | None]:
    return [repository.object_id(f"{commit}:{'' if folder == '.' else folder}") for folder in folders]
