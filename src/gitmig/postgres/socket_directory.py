"""Where the embedded server's socket lies: in a directory that nobody but its user can enter.

A path is believed only after a look at what is there now: somebody else may have put something in its place.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "socket"  # holds the path, where it is not the data directory
# pg_ctl hands the socket's path through a shell and into a comma separated list; and the kernel allows 107 bytes.
PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./-]{1,80}")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def is_private(path: Path, owner: int) -> bool:
    """Whether it is a directory of that user, no link to one, and closed to everybody else."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & OTHERS


def find(home: Path, data: Path, owner: int) -> Path | None:
    """The directory that was made before: the data directory if its path will do, else the one that `home` remembers.

    None if there is none, or it is not private any more.
    """
    if PLAIN_PATH.fullmatch(str(data)):
        return data if is_private(data, owner) else None
    path = _remembered(home)
    return path if path and PLAIN_PATH.fullmatch(str(path)) and is_private(path, owner) else None


def make(home: Path, data: Path, owner: int, group: int) -> Path:
    """That directory, or a new one with a name that nobody could have known. Raises GitmigError."""
    if found := find(home, data, owner):
        return found
    for parent in _parents(owner):
        made = Path(tempfile.mkdtemp(prefix="gitmig-", dir=parent))
        if not PLAIN_PATH.fullmatch(str(made)):
            made.rmdir()
            continue
        if os.geteuid() != owner:
            os.chown(made, owner, group)
        write_private(home / FILE, f"{made}\n")
        return made
    raise GitmigError(
        f"there is no safe directory for the embedded PostgreSQL's socket in {tempfile.gettempdir()}",
        hint="set TMPDIR to a directory of yours with a short path, or configure a database",
    )


def remove(home: Path, data: Path, owner: int) -> None:
    """Delete the directory, if it is one of its own."""
    found = find(home, data, owner)
    if found and found != data:
        shutil.rmtree(found, ignore_errors=True)
    (home / FILE).unlink(missing_ok=True)


def write_private(path: Path, text: str, *, owner: int = -1, group: int = -1) -> None:
    """Write a file that only its user can read; it has its old content until it has all of the new."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            if os.geteuid() == 0:
                os.fchown(descriptor, owner, group)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _remembered(home: Path) -> Path | None:
    try:
        return Path((home / FILE).read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n"))
    except OSError:
        return None


def _parents(owner: int) -> Iterator[Path]:
    """Where a new one may be made: nobody else can rename what lies there."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and is_private(Path(runtime), owner):
        yield Path(runtime)
    for name in dict.fromkeys([tempfile.gettempdir(), "/tmp"]):  # noqa: S108 - a random name, in a sticky directory
        try:
            found = Path(name).stat()
        except OSError:
            continue
        open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
        if found.st_uid in {0, os.geteuid()} and not open_to_others:
            yield Path(name)
