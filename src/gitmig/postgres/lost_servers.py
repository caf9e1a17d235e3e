"""Embedded servers that still run although their clone was deleted.

The proof is never a path that is not there: a clone may be moved, or on a disk that is not mounted. It is what the
running process itself is in, its working directory, which is the data directory: that it was deleted, or that it is
all that is left of a git directory.
"""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.postgres import socket_directory

if TYPE_CHECKING:
    from collections.abc import Collection

    import psutil

PROCESSES = Path("/proc")
ENDING = ".git/gitmig/postgres"
DELETED = " (deleted)"  # what Linux writes behind the path of a directory that has none any more
REPOSITORY = ("HEAD", "config", "objects", "refs")  # with none of these a directory is no git directory
PATIENCE = 10  # seconds for a server to end


class LostServer(Struct, frozen=True, kw_only=True):
    """A server's process, and the git directory that it was in. `size` is that of files which are still there."""

    process: psutil.Process
    git_directory: Path
    size: int | None = None

    @property
    def is_deleted(self) -> bool:
        """Whether nothing is left of its files."""
        return self.size is None

    def remove(self) -> bool:
        """End it, and delete what is left of its files; False if its clone is there again, or it does not end."""
        import psutil

        data = _lost_data(self.process)
        if data is None:
            return False
        sockets = _sockets(self.process)
        try:
            self.process.send_signal(signal.SIGQUIT)  # at once: there is nothing to write back to
            self.process.wait(PATIENCE)
        except psutil.NoSuchProcess:
            pass
        except psutil.Error:
            return False
        if not self.is_deleted:
            shutil.rmtree(data.parent, ignore_errors=True)
        if sockets is not None and sockets != data:
            shutil.rmtree(sockets, ignore_errors=True)
        return True


def lost_servers(users: Collection[int]) -> list[LostServer]:
    """Those of these users of the system, in the order of their processes."""
    if find_spec("psutil") is None:
        return []
    import psutil

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() != "postgres" or process.uids().effective not in users:
                continue
            parent = process.parent()
            if (parent and parent.name() == "postgres") or (data := _lost_data(process)) is None:
                continue
            size = None if _is_unlinked(process.pid) else _size(data)
            found.append(LostServer(process=process, git_directory=data.parent.parent, size=size))
    return found


def _lost_data(process: psutil.Process) -> Path | None:
    """The server's data directory if its clone was deleted, where it is or was; None if not, or if that is not sure."""
    import psutil

    try:
        said = process.cwd()
        is_unlinked = _is_unlinked(process.pid)
        data = Path(said.removesuffix(DELETED) if is_unlinked else said)
        if not str(data).endswith(ENDING):
            return None
        return data if is_unlinked or _is_all_that_is_left(data) else None
    except (OSError, psutil.Error):
        return None


def _is_unlinked(pid: int) -> bool:
    """Whether the process is in a directory that was deleted; without /proc nobody can say, and it is not."""
    try:
        return (PROCESSES / str(pid) / "cwd").stat().st_nlink == 0
    except OSError:
        return False


def _is_all_that_is_left(data: Path) -> bool:
    """Whether the git directory around it has nothing of a repository any more, and nothing else is mounted there."""
    git_directory = data.parent.parent
    left = {entry.name for entry in os.scandir(git_directory)}
    return not left & set(REPOSITORY) and git_directory.stat().st_dev == data.stat().st_dev


def _sockets(process: psutil.Process) -> Path | None:
    """The directory that was made for its socket alone, if it is still what gitmig made."""
    arguments = process.cmdline()
    for option, value in zip(arguments, arguments[1:], strict=False):
        if option == "-k" and Path(value).name.startswith("gitmig-"):
            path = Path(value)
            return path if socket_directory.is_private(path, process.uids().effective) else None
    return None


def _size(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(path, name).lstat().st_size
    return total
