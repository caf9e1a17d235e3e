"""History: which commits changed the migrations folder, where branches part, and what a merge would make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError, UsageError
from gitmig.git import HEADS, REMOTES
from gitmig.git.repository import split_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.git.repository import Repository


FORMAT = "%H%x00%P%x00%cI%x00%an%x00%s"
FIELDS = FORMAT.count("%x00") + 1


class Commit(Struct, frozen=True, kw_only=True):
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


# --- where branches part and meet

REMOTE_HEAD = f"{REMOTES}origin/HEAD"
# What the branch that others leave is usually called, in the order in which it is believed.
DEFAULTS = tuple(f"{place}{name}" for place in (f"{REMOTES}origin/", HEADS) for name in ("main", "master"))


class BranchPoint(Struct, frozen=True, kw_only=True):
    """The commit that a branch shares with another one, whose name is `of` as people write it."""

    commit: str
    of: str


def branch_point(repository: Repository) -> BranchPoint | None:
    """What is there without the work of the branch that is checked out: where it left the default branch.

    On the default branch itself that is what is pushed or, where nobody can push, HEAD. None before the first commit.
    """
    if repository.head is None:
        return None
    branch = _name(repository, "HEAD")
    for ref in (REMOTE_HEAD, *DEFAULTS):
        known = _name(repository, ref)
        if known is None:
            continue
        if known == branch:
            break
        if base := _merge_base(repository, ref):
            return BranchPoint(commit=base, of=known)
    upstream = _name(repository, "@{upstream}")
    if upstream and (base := _merge_base(repository, upstream)):
        return BranchPoint(commit=base, of=upstream)
    return BranchPoint(commit=repository.head, of="HEAD")


def first_parent(repository: Repository, commit: str) -> str | None:
    """The first parent of a commit, None if it has none."""
    return next(iter(repository.lines("rev-parse", "-q", "--verify", f"{commit}^")), None)


def _name(repository: Repository, revision: str) -> str | None:
    """A revision's short name, symbolic ones followed: `origin/HEAD` → `origin/main`; None if there is none."""
    found = repository.lines("rev-parse", "-q", "--abbrev-ref", "--verify", revision)
    return found[0] if found and found[0] not in {"", "HEAD"} else None


def _merge_base(repository: Repository, other: str) -> str | None:
    return next(iter(repository.lines("merge-base", "HEAD", other)), None)


class MergedTree(Struct, frozen=True, kw_only=True):
    """The tree that git would make of a merge, and the paths in which it finds conflicts."""

    tree: str
    conflicts: tuple[str, ...]


def default_base(repository: Repository) -> str:
    """The upstream's default branch as git knows it, else what is usually called so. Raises UsageError."""
    rows = repository.lines("for-each-ref", "--format=%(refname) %(symref)", REMOTE_HEAD, *DEFAULTS)
    found: dict[str, str] = {}
    for row in rows:
        name, _, target = row.partition(" ")
        found[name] = target
    target = found.pop(REMOTE_HEAD, "")
    name = target or next((name for name in DEFAULTS if name in found), "")
    if not name:
        hint = "name one, as in `gitmig check main`; in CI, fetch it first"
        raise UsageError("there is no branch to check against: neither origin/HEAD, nor main, nor master", hint=hint)
    return name.removeprefix(REMOTES).removeprefix(HEADS)


def merge_bases(repository: Repository, ours: str, theirs: str) -> list[str]:
    """The commits where the two parted; several after a criss-cross merge. Raises GitmigError if there is none."""
    found = repository.lines("merge-base", "--all", ours, theirs)
    if found:
        return found
    if repository.shallow:
        hint = "`git fetch --unshallow`, or a deeper `--depth`, brings the commits they share"
        raise GitmigError("this clone is shallow and ends before the two sides meet", hint=hint)
    raise GitmigError(
        "the two sides have no common commit: there is nothing to merge", hint="is it the right branch, or fork?"
    )


def merged_tree(repository: Repository, ours: str, theirs: str) -> MergedTree:
    """What `git merge` would make, without touching work tree, index or refs. Raises GitmigError before git 2.38."""
    arguments = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", theirs, ours)
    status, out, err = repository.attempt(*arguments)
    tree, *conflicts = split_fields(out) or [""]
    if status not in {0, 1} or not tree:
        words = (err.strip().splitlines() or [f"exit status {status}"])[-1]
        if "usage" in err or "--write-tree" in err:
            raise GitmigError("this git cannot merge without a work tree", hint="install git 2.38 or newer")
        raise GitmigError(f"git merge-tree failed: {words}", hint="`git fsck` tells whether objects are missing")
    return MergedTree(tree=tree, conflicts=tuple(conflicts))
