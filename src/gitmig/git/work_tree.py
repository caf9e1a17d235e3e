"""Renaming files of the work tree and rewriting their texts, in the index as well where git knows them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.git.repository import Repository


def rename(repository: Repository, moves: Sequence[tuple[str, str]]) -> None:
    """Rename files or directories, in order; what git tracks is staged, what it does not is just renamed.

    Raises GitmigError before anything is renamed if a new path is taken by something that stays.
    """
    top, old = repository.work_tree, {source for source, _ in moves}
    for _, target in moves:
        if target not in old and os.path.lexists(top / target):
            raise GitmigError(f"{target} is there already", hint="rename or delete it; nothing was changed")
    tracked = repository.run("ls-files", "-z", "--", *old).decode("utf-8", "surrogateescape").split("\0")
    for source, target in moves:
        if any(path == source or path.startswith(f"{source}/") for path in tracked):
            repository.run("mv", "--", source, target)
        else:
            (top / source).rename(top / target)


def rewrite(repository: Repository, path: str, change: Callable[[str], str], *, stage: bool) -> bool:
    """Change the text of a file, line ends and odd bytes kept; True if it is another one now."""
    file = repository.work_tree / path
    before = file.read_bytes()
    after = change(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if after == before:
        return False
    file.write_bytes(after)
    if stage:
        repository.run("add", "--", path)
    return True
