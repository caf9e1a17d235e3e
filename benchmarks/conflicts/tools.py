"""Asking tools about pairs: several at a time, each with a repository of its own.

A tool is a command. gitmig itself is loaded once and forked for each pair where the system bears that: its start takes
longer than most of its answers, and says nothing about them.
"""

from __future__ import annotations

import multiprocessing
import os
import shlex
import subprocess
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repository import Branches

GITMIG = "gitmig"
# What a check of files loads, so that forks have it.
LOADED = ("gitmig.cli.commands.check", "gitmig.operations.check", "gitmig.git.cache", "gitmig.api", "postgast")
BROKEN = 4


def ask(branches: Branches, command: str, workers: int) -> list[int]:
    """How the tool ends for every pair, in their order."""
    copies = [branches.copy(f"worker-{number}") for number in range(min(workers, len(branches)))]
    if not copies:
        return []
    if can_fork(command):
        for name in LOADED:
            import_module(name)
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    queue = context.SimpleQueue()
    for copy in copies:
        queue.put(copy)
    with context.Pool(len(copies), initializer=_take, initargs=(queue,)) as pool:
        return pool.map(partial(_answer, command), range(len(branches)), chunksize=4)


def can_fork(command: str) -> bool:
    """Whether the tool is gitmig, and may be forked from this process."""
    return sys.platform == "linux" and shlex.split(command)[0] == GITMIG


_mine: list[Branches] = []  # of this worker


def _take(queue: multiprocessing.SimpleQueue[Branches]) -> None:
    _mine[:] = [queue.get()]


def _answer(command: str, number: int) -> int:
    branches = _mine[0]
    branches.check_out(number)
    call = shlex.split(command.format(base=f"{number}-theirs", ours=f"{number}-ours"))
    if can_fork(command):
        return _forked(call[1:], branches)
    return subprocess.run(call, cwd=branches.path, capture_output=True, check=False, env=_environment()).returncode


def _forked(arguments: list[str], branches: Branches) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = BROKEN
    with suppress(BaseException):
        from gitmig.cli.main import run

        os.chdir(branches.path)
        environment = _environment()
        os.environ.clear()
        os.environ.update(environment)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        status = run(arguments)
    os._exit(status)


def _environment() -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "DATABASE_URL"))}
    return kept | {"GIT_CONFIG_GLOBAL": "/nowhere/gitconfig", "GIT_CONFIG_NOSYSTEM": "1"}
