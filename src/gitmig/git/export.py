"""The files of a commit in a folder of their own, for programs that run there: work tree and index stay as they are.

The folder is below the git directory and so below the work tree, where node looks for packages in every folder above.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitmig.git.repository import Repository

FOLDER = "checkouts"
# Seconds. What a killed process left is removed by the next one.
STALE = 86400
# git would run the clone's hooks for what happens to an index of ours.
NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
# What is never committed, and programs in some languages do not start without: looked for beside them.
INSTALLED = "node_modules"


@contextmanager
def exported(repository: Repository, commit: str) -> Iterator[Path]:
    """The files of the commit, as a checkout would write them; without those of submodules.

    The folder is gone afterwards. An empty one if the commit is not there any more, as after `git gc`. Raises
    GitmigError.
    """
    place = repository.make_private(FOLDER, shared=True)
    _sweep(place)
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        _write(repository, commit, folder / "index", folder / "files")
        yield folder / "files"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def link_installed(repository: Repository, files: Path, folders: Iterable[str]) -> None:
    """Let programs in the folders find the packages that are installed there, or above, in the work tree."""
    if repository.root is None:
        return
    for parent in {parent for folder in folders for parent in (Path(folder), *Path(folder).parents)}:
        there, here = repository.root / parent / INSTALLED, files / parent / INSTALLED
        if there.is_dir() and here.parent.is_dir() and not os.path.lexists(here):
            here.symlink_to(there, target_is_directory=True)


def _write(repository: Repository, commit: str, index: Path, files: Path) -> None:
    files.mkdir()
    own = {"GIT_INDEX_FILE": str(index)}
    for call in (("read-tree", commit), ("checkout-index", "--all", "--force", f"--prefix={files}/")):
        status, _, words = repository.attempt(*NO_HOOKS, *call, environment=own)
        if status and not repository.lines("cat-file", "-t", f"{commit}^{{tree}}"):
            return
        if status:
            raise GitmigError(f"git {call[0]} of commit {commit[:10]} failed: {words.strip()}")


def _sweep(place: Path) -> None:
    for left in place.iterdir():
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE:
                shutil.rmtree(left, ignore_errors=True)
