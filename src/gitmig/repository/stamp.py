"""The stamp: what the hook's shell part reads to see, without Python, that there is nothing to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.repository.door import Repository

NAME = "stamp"
UNKNOWN = "-"


def write(repository: Repository, folder: str, environ: Mapping[str, str]) -> None:
    """Note that the database is at the work tree's set; four lines: tree, folder, and the two URL variables.

    The tree is that of HEAD's folder, or `-` if the work tree has changes in it. The stamps of the other work trees
    go: they may share the database.
    """
    forget(repository)
    values = [_clean_tree(repository, folder), folder, *(_shown(environ.get(n, "")) for n in VARIABLES)]
    if any("\n" in value for value in values):
        return
    path = repository.private(shared=False) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{NAME}.{os.getpid()}")
    temporary.write_text("".join(f"{value}\n" for value in values), encoding="utf-8", errors="surrogateescape")
    temporary.replace(path)


def forget(repository: Repository) -> None:
    """Let the next hook of every work tree look for itself."""
    for path in (repository.common_dir / "gitmig" / NAME, *repository.common_dir.glob(f"worktrees/*/gitmig/{NAME}")):
        path.unlink(missing_ok=True)


VARIABLES = ("GITMIG_DATABASE_URL", "DATABASE_URL")


def _clean_tree(repository: Repository, folder: str) -> str:
    tree = repository.lines("rev-parse", "-q", "--verify", f"HEAD:{'' if folder == '.' else folder}")
    changes = repository.run("status", "--porcelain", "--untracked-files=all", "--", folder)
    return tree[0] if tree and not changes else UNKNOWN


def _shown(url: str) -> str:
    """A URL's last part, as the shell cuts it: user and password are not written to the disk."""
    return url.rpartition("@")[2]
