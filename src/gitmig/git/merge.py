"""Two commits that are to be merged: where they parted, and what git would make of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError

if TYPE_CHECKING:
    from gitmig.git.repository import Repository

REMOTE_HEAD = "refs/remotes/origin/HEAD"
DEFAULTS = ("refs/remotes/origin/main", "refs/remotes/origin/master", "refs/heads/main", "refs/heads/master")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTree:
    """The tree git would make, and the paths in which it finds conflicts."""

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
    return name.removeprefix("refs/remotes/").removeprefix("refs/heads/")


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
    tree, *conflicts = [part for part in out.decode("utf-8", "surrogateescape").split("\0") if part] or [""]
    if status not in {0, 1} or not tree:
        words = (err.strip().splitlines() or [f"exit status {status}"])[-1]
        if "usage" in err or "--write-tree" in err:
            raise GitmigError("this git cannot merge without a work tree", hint="install git 2.38 or newer")
        raise GitmigError(f"git merge-tree failed: {words}", hint="`git fsck` tells whether objects are missing")
    return MergedTree(tree=tree, conflicts=tuple(conflicts))
