"""The marker: what the hook's shell part reads to see, without Python, that there is nothing to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.git.repository import Repository

NAME = "marker"
FORMER = "stamp"  # what a hook of an older gitmig reads: without it, that starts Python and looks
VARIABLES = ("GITMIG_DATABASE_URL", "DATABASE_URL")
FILES = ("gitmig.toml", "pyproject.toml", ".env")
# Nanoseconds by which a file's time may lie before the clock's: the kernel stamps files by its timer ticks.
CLOCK_TICK = 10_000_000


def write(repository: Repository, folder: str, environ: Mapping[str, str], since: int) -> None:
    """Note that the database is at the work tree's set, as it was read at `since` (a reading of time.time_ns).

    Four lines: the folder; the two URL variables; the settings files that are there. The file's time is `since`, so
    that whatever changes afterwards is newer. The markers of the other work trees go: they may share the database.
    """
    forget(repository)
    urls = [_shown(environ.get(name, "")) for name in VARIABLES]
    present = "".join(f" {name}" for name in FILES if (repository.work_tree / name).exists())
    values = [folder, *urls, present]
    if any("\n" in value or "password" in value.lower() for value in values):
        return  # without a marker the hook looks for itself, and nothing secret is on the disk
    path = repository.make_private(shared=False) / NAME
    temporary = path.with_name(f"{NAME}.{os.getpid()}")
    temporary.write_text("".join(f"{value}\n" for value in values), encoding="utf-8", errors="surrogateescape")
    os.utime(temporary, ns=(since - CLOCK_TICK, since - CLOCK_TICK))
    temporary.replace(path)


def forget(repository: Repository) -> None:
    """Let the next hook of every work tree look for itself."""
    for git_dir in (repository.common_dir, *repository.common_dir.glob("worktrees/*")):
        for name in (NAME, FORMER):
            (git_dir / "gitmig" / name).unlink(missing_ok=True)


def _shown(url: str) -> str:
    """A URL's last part, as the shell cuts it: user and password are not written to the disk."""
    return url.rpartition("@")[2]
