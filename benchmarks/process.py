"""Whole processes: run and timed, cut off from whatever the machine has configured."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORBIDDEN = ("GIT_", "GITMIG_", "PG", "DATABASE_URL", "DBMATE_", "SQITCH_", "ALEMBIC_", "YOYO_", "PYTHON")
ALLOWED = {"PYTHONPATH"}
FIXED = {
    "GIT_CONFIG_GLOBAL": "/nowhere/gitconfig",  # written to, it fails; git, as root, replaces the null device
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TEMPLATE_DIR": "",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_TERMINAL_PROMPT": "0",
    "SQITCH_FULLNAME": "Ada",
    "SQITCH_EMAIL": "ada@example.org",
    "LC_ALL": "C.UTF-8",
    # dbmate insists on TLS unless told otherwise, libpq tries it first: the same for everybody
    "PGSSLMODE": "disable",
}


class CommandFailed(Exception):
    """A command that was to be measured failed; the text is the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program with everything it is started with."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]

    def run(self) -> float:
        """Seconds from start to exit of the whole process. Raises CommandFailed."""
        return self._run()[0]

    def output(self) -> str:
        """What it printed. Raises CommandFailed."""
        return self._run()[1]

    def memory(self) -> tuple[float, float]:
        """Seconds, and the most megabytes that the process or one it waited for had. Raises CommandFailed."""
        seconds, _, megabytes = self._run()
        return seconds, megabytes

    def _run(self) -> tuple[float, str, float]:
        with tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            process = subprocess.Popen(
                self.arguments,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
            seconds = time.perf_counter() - began
            said.seek(0)
            text = said.read().decode(errors="replace").strip()
        if process.returncode:
            raise CommandFailed(f"{' '.join(self.arguments)}\nexit status {process.returncode}\n{text[-2000:]}")
        return seconds, text, used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)


def environment(home: Path) -> dict[str, str]:
    """The environment without settings of git, PostgreSQL, Python or a tool; `home` is an empty folder."""
    kept = {name: value for name, value in os.environ.items() if name in ALLOWED or not name.startswith(FORBIDDEN)}
    return (
        kept
        | FIXED
        | {
            "HOME": str(home),
            "SQITCH_SYSTEM_CONFIG": str(home / "none"),
            "SQITCH_USER_CONFIG": str(home / "none"),
            # compiled modules are found by every Python tool alike, and nothing is written where they are installed
            "PYTHONPYCACHEPREFIX": str(home / "pycache"),
        }
    )
