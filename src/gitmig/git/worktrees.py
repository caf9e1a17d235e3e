"""The work trees of a clone: where each is, what it has checked out, and a word that no later one of its name has."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.git import HEADS, REMOTES
from gitmig.git.repository import CONFIG, OBJECT_ID, WORKTREE_CONFIG, make_private_folder

if TYPE_CHECKING:
    from gitmig.git.repository import Repository

BARE = re.compile(r"^\s*bare\s*=\s*(true|yes|on|1)\s*$", re.IGNORECASE | re.MULTILINE)
# git keeps a branch's name in these while HEAD is detached for a rebase or a bisection.
MEANWHILE = ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START")
WORD = "id"
# A work tree whose repository uses reftable has this in its file HEAD.
NOT_IN_FILES = ".invalid"


class WorkTree(Struct, frozen=True, kw_only=True):
    """A work tree that is there; `name` is git's own for it, which stays when it is moved, None for the main one.

    `branch` is what is checked out, also while a rebase or a bisection has detached HEAD; None on a detached HEAD.
    """

    path: Path
    git_dir: Path
    name: str | None
    branch: str | None

    def shown_from(self, other: Path) -> str:
        """The path as people at `other` write it."""
        try:
            return os.path.relpath(self.path, other)
        except ValueError:
            return str(self.path)

    @property
    def token(self) -> str | None:
        """Its word, None if it has none yet."""
        return _read(self.git_dir / "gitmig" / WORD) or None


def work_trees(repository: Repository) -> list[WorkTree]:
    """All work trees of the clone, the main one first; one on a medium that is away counts if it is locked."""
    common = repository.common_dir
    found = []
    if (main := _main_path(repository)) is not None:
        found.append(_work_tree(repository, main, common, None))
    for git_dir in sorted(common.glob("worktrees/*")):
        place = _read(git_dir / "gitdir")
        if place and (os.path.lexists(place) or (git_dir / "locked").exists()):
            found.append(_work_tree(repository, Path(place).parent, git_dir, git_dir.name))
    return found


def this_work_tree(repository: Repository) -> WorkTree:
    """The one that the repository is seen from; of a bare one the folder itself."""
    name = repository.git_dir.name if repository.is_linked else None
    return _work_tree(repository, repository.root or repository.git_dir, repository.git_dir, name)


def make_token(git_dir: Path) -> str:
    """The word of the work tree whose git directory that is: it goes with it, and the next of its name has another."""
    path = git_dir / "gitmig" / WORD
    if found := _read(path):
        return found
    make_private_folder(git_dir / "gitmig")
    with suppress(FileExistsError), path.open("x", encoding="ascii") as file:
        file.write(f"{secrets.token_hex(8)}\n")
    return _read(path)


def local_branches(repository: Repository) -> frozenset[str]:
    """The names of all local branches."""
    return frozenset(repository.lines("for-each-ref", "--format=%(refname:lstrip=2)", HEADS))


def trunk(repository: Repository) -> str:
    """The branch that others leave: what the remote says is its default one, else `main`, else `master`."""
    head = repository.lines("symbolic-ref", "-q", f"{REMOTES}origin/HEAD")
    if head:
        return head[0].removeprefix(f"{REMOTES}origin/")
    names = ("main", "master")
    there = repository.lines("for-each-ref", "--format=%(refname:lstrip=2)", *(f"{HEADS}{name}" for name in names))
    return next(iter((*there, *repository.lines("config", "init.defaultBranch"), *names)))


def _main_path(repository: Repository) -> Path | None:
    """Where the clone was made; None if it is bare."""
    if not repository.is_linked:
        return repository.root
    common = repository.common_dir
    is_bare = any(BARE.search(_read(common / name)) for name in (CONFIG, WORKTREE_CONFIG))
    return None if is_bare or common.name != ".git" else common.parent


def _work_tree(repository: Repository, path: Path, git_dir: Path, name: str | None) -> WorkTree:
    return WorkTree(path=path, git_dir=git_dir, name=name, branch=_branch(repository, git_dir))


def _branch(repository: Repository, git_dir: Path) -> str | None:
    """The branch that HEAD stands on, or will stand on again."""
    head = _read(git_dir / "HEAD").removeprefix("ref: ")
    if head.endswith(NOT_IN_FILES):
        head = "".join(repository.lines("--git-dir", str(git_dir), "symbolic-ref", "-q", "HEAD"))
    if head.startswith(HEADS):
        return head.removeprefix(HEADS)
    for place in MEANWHILE:
        name = _read(git_dir / place).removeprefix(HEADS)
        if name and name != "detached HEAD" and not OBJECT_ID.fullmatch(name):
            return name
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""
