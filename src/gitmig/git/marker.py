"""The marker: what the hook's shell part reads to see, without Python, that there is nothing to do.

The marker of a work tree holds the generation that its database had when it was synced: a word in the user's state
directory, which gitmig renews before it changes the database. So the hook notices, without a connection, that another
clone or work tree of the same user has changed the database since. Where the directory cannot be written, nothing is
noticed.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.files import replace_file
from gitmig.git.worktrees import NOT_IN_FILES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.git.repository import Repository


NAME = "marker"
# Its time is the marker's without the fraction of a second: a shell for which the marker is not newer cannot tell two
# times of one second apart.
SECOND = "marker.second"
HAS_LINKED = "&"
MOVED = "moved"  # the hook's own note that git has rewritten the work tree
# The hook that is wanted behind such a note only, and the name under which it waits for one (see the hook's script).
LISTENER = "reference-transaction"
PARKED = f"{LISTENER}.parked"
FORMER = "stamp"  # what a hook of an older gitmig reads: without it, that starts Python and looks
VARIABLES = ("GITMIG_DATABASE_URL", "DATABASE_URL")
FILES = ("gitmig.toml", "pyproject.toml", ".env")
# Nanoseconds by which a file's time may lie before the clock's: the kernel stamps files by its timer ticks.
CLOCK_TICK = 10_000_000
WHOLE_SECOND = 1_000_000_000


def now(repository: Repository) -> int:
    """The time that a file gets which is written now, in nanoseconds.

    By the clock of the file system, which need not be this machine's: a folder can be mounted from another one.
    """
    path = repository.make_private(shared=False) / f"{NAME}.{os.getpid()}"
    path.write_bytes(b"")
    try:
        return path.stat().st_mtime_ns
    finally:
        path.unlink()


def write(
    repository: Repository,
    folders: Sequence[str],
    environ: Mapping[str, str],
    since: int,
    generation: Generation | None = None,
    *,
    own: str | None = None,
    alone: bool = False,
) -> None:
    """Note that the database is at the work tree's set, as it was read at `since` (a reading of `now`).

    Four lines: the two URL variables; the settings files that are there; the database's generation, as it was when the
    database was at that set. Then one for each of the `folders` that may hold migrations, behind `+` if it is there,
    behind `-` if not. The file's time is `since`, so that whatever changes afterwards is newer. The markers of the
    other work trees go: they may share the database, unless this one has it `alone`. Where every work tree or branch
    has its `own`, it stands behind the settings files whether there are linked ones, and for branches what is checked
    out.
    """
    forget(repository, everywhere=not alone)
    urls = [_shown(environ.get(name, "")) for name in VARIABLES]
    present = "".join(f" {name}" for name in FILES if (repository.work_tree / name).exists())
    if own is not None and repository.has_linked:
        present += f" {HAS_LINKED}"
    if own == "branch":
        head = (repository.git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
        if head.endswith(NOT_IN_FILES):  # only git can tell
            return
        present += f" @{head.removeprefix('ref: refs/heads/')}"
    listed = [f"{'+' if (repository.work_tree / folder).is_dir() else '-'}{folder}" for folder in folders]
    values = [*urls, present, str(generation or ""), *listed]
    if any("\n" in value or "password" in value.lower() for value in values):
        return  # without a marker the hook looks for itself, and nothing secret is on the disk
    path = repository.make_private(shared=False) / NAME
    time = since - CLOCK_TICK
    replace_file(path.with_name(SECOND), b"", time=time - time % WHOLE_SECOND)
    text = "".join(f"{value}\n" for value in values)
    replace_file(path, text.encode("utf-8", "surrogateescape"), time=time)
    path.with_name(MOVED).unlink(missing_ok=True)
    park(repository)


def forget(repository: Repository, *, everywhere: bool = True) -> None:
    """Let the next hook of every work tree, or of this one, look for itself."""
    all_of_them = (repository.common_dir, *repository.common_dir.glob("worktrees/*"))
    for git_dir in all_of_them if everywhere else (repository.git_dir,):
        for name in (NAME, FORMER):
            (git_dir / "gitmig" / name).unlink(missing_ok=True)


def park(repository: Repository) -> None:
    """Take the listener's own name away, if it has another one, and no other work tree may want it."""
    folder = repository.common_dir / "hooks"
    listener, parked = folder / LISTENER, folder / PARKED
    if listener.exists() and parked.exists() and parked.samefile(listener) and not repository.has_linked:
        listener.unlink(missing_ok=True)


def _shown(url: str) -> str:
    """A URL's last part, as the shell cuts it: user and password are not written to the disk."""
    return url.rpartition("@")[2]


GENERATIONS = "gitmig/generations"
GENERATION = re.compile(r"[0-9a-f]{16}\n")
# A database that has not changed for so long loses its word: then the next hook looks, and it gets another one.
DAYS = 90


class Generation(Struct, frozen=True, kw_only=True):
    """A database's word, and the file in which it stands."""

    word: str
    path: Path

    def __str__(self) -> str:
        """As the marker holds it."""
        return f"{self.word} {self.path}"


def current_generation(key: str, environ: Mapping[str, str]) -> Generation | None:
    """The generation of the database that `key` tells from others; None where nothing can be noted.

    To be asked under the database's lock: then it changes with nobody else's sync.
    """
    path = _generation_path(key, environ)
    if path is None:
        return None
    with suppress(OSError, ValueError):
        if GENERATION.fullmatch(found := path.read_text(encoding="ascii")):
            return Generation(word=found.strip(), path=path)
    return renew_generation(key, environ)


def renew_generation(key: str, environ: Mapping[str, str]) -> Generation | None:
    """Give the database a new word, so that every marker with the old one is out of date; None where that cannot be.

    To be called under the database's lock, before anything is changed: if the process dies, others look in vain.
    """
    path = _generation_path(key, environ)
    if path is None:
        return None
    word = secrets.token_hex(8)
    try:
        if not _is_ours(path):
            return None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _forget_old(path.parent)
        replace_file(path, f"{word}\n".encode())
    except OSError:
        with suppress(OSError):  # without a word others look as well
            path.unlink(missing_ok=True)
        return None
    return Generation(word=word, path=path)


def _generation_path(key: str, environ: Mapping[str, str]) -> Path | None:
    """The XDG base directory specification has a relative path ignored."""
    state, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    top = Path(state) if state.startswith("/") else Path(home, ".local/state")
    return top / GENERATIONS / key if top.is_absolute() else None


def _is_ours(path: Path) -> bool:
    """Whether it lies in a directory of this user: with sudo, HOME may be somebody else's."""
    existing = next(parent for parent in path.parents if parent.exists())
    return existing.stat().st_uid == os.geteuid()


def _forget_old(folder: Path) -> None:
    oldest = time.time() - DAYS * 86400
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
