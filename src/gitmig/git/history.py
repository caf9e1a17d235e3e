"""History: which commits changed the migrations folder, and where the branch that is checked out comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.git.repository import Repository


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


DEFAULT_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """The commit that a branch shares with another one, whose name is `of` as people write it."""

    commit: str
    of: str


def fork(repository: Repository) -> Fork | None:
    """What is there without the work of the branch that is checked out: where it left the default branch.

    On the default branch itself that is what is pushed or, where nobody can push, HEAD. None before the first commit.
    """
    if repository.head is None:
        return None
    branch = _name(repository, "HEAD")
    for name in DEFAULT_BRANCHES:
        known = _name(repository, name)
        if known is None:
            continue
        if known == branch:
            break
        if base := _merge_base(repository, name):
            return Fork(commit=base, of=known)
    upstream = _name(repository, "@{upstream}")
    if upstream and (base := _merge_base(repository, upstream)):
        return Fork(commit=base, of=upstream)
    return Fork(commit=repository.head, of="HEAD")


def first_parent(repository: Repository, commit: str) -> str | None:
    """The first parent of a commit, None if it has none."""
    return next(iter(repository.lines("rev-parse", "-q", "--verify", f"{commit}^")), None)


def _name(repository: Repository, revision: str) -> str | None:
    """A revision's short name, symbolic ones followed: `origin/HEAD` → `origin/main`; None if there is none."""
    found = repository.lines("rev-parse", "-q", "--abbrev-ref", "--verify", revision)
    return found[0] if found and found[0] not in {"", "HEAD"} else None


def _merge_base(repository: Repository, other: str) -> str | None:
    return next(iter(repository.lines("merge-base", "HEAD", other)), None)
