"""Where the branch that is checked out comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.repository.door import Repository

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
