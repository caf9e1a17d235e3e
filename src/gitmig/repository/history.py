"""Which commits changed the migrations folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.repository.door import Repository

FORMAT = "%H%x1f%P%x1f%cI%x1f%an%x1f%s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as `gitmig log` shows it. `parent` is the first parent, None for a root; `at` is ISO 8601."""

    id: str
    parent: str | None
    at: str
    author: str
    subject: str


def commits_touching(
    repository: Repository, revisions: Sequence[str], folders: Sequence[str], *, limit: int | None = None
) -> Iterator[Commit]:
    """The commits whose migrations folder is another than their first parent's, newest first.

    `revisions` are arguments of `git log`. A shallow clone's last commits are left out: what they changed cannot be
    known there.
    """
    out = repository.run(
        "log", "--full-history", "--topo-order", "-z", f"--format={FORMAT}", *revisions, "--", *folders
    )
    found = 0
    for row in filter(None, out.decode("utf-8", "replace").split("\0")):
        commit_id, parents, at, author, subject = row.strip("\n").split("\x1f")
        if commit_id in repository.shallow:
            continue
        parent = parents.split()[0] if parents else None
        if parent and _trees(repository, parent, folders) == _trees(repository, commit_id, folders):
            continue  # a merge that brought the folder nothing new
        yield Commit(id=commit_id, parent=parent, at=at, author=author, subject=subject)
        found += 1
        if found == limit:
            return


def _trees(repository: Repository, commit: str, folders: Sequence[str]) -> list[str | None]:
    return [repository.object_id(f"{commit}:{'' if folder == '.' else folder}") for folder in folders]
