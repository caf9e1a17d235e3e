"""Running a program to its end: what it prints is gathered or told, its time is limited, and nothing of it is left."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

CHUNK = 1 << 16
# Seconds between looks at whether it has ended: who inherited its pipes may keep them open for longer than it lives.
PAUSE = 0.1
# Seconds between looks at what it waits for.
LOOK = 3.0
# Seconds that a program which shall end has until it is killed.
GRACE = 2.0
# Lines of what it said last that are kept for a message.
TAIL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: `status` is None if it took too long; a negative one is the signal that ended it."""

    status: int | None
    out: bytes
    said: tuple[str, ...]


def run_program(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout: int,
    tell: Callable[[str], None],
    look: Callable[[], None],
) -> Ended:
    """Run it in a session of its own, without standard input. Lines of its standard error are told as they come.

    `timeout` is in seconds, 0 for none; once every few seconds there is a `look` at what it waits for. Whatever it has
    started in its own session is killed with it. Raises OSError if it does not start.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    output, said = bytearray(), _Lines(tell)
    try:
        is_late = not _follow(process, output, said, timeout, look)
    finally:
        _end(process)
    said.finish()
    return Ended(status=None if is_late else process.returncode, out=bytes(output), said=said.tail)


class _Lines:
    """Cuts what comes in pieces into lines, and remembers the last ones."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = b""
        self._last: list[str] = []

    @property
    def tail(self) -> tuple[str, ...]:
        return tuple(self._last)

    def add(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)

    def finish(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._rest = b""

    def _line(self, data: bytes) -> None:
        line = data.decode("utf-8", "replace").rstrip("\r")
        self._last = [*self._last[1 - TAIL :], line]
        self._tell(line)


def _follow(
    process: subprocess.Popen[bytes], output: bytearray, said: _Lines, timeout: int, look: Callable[[], None]
) -> bool:
    """Read until it has ended; False if its time was up before."""
    now = time.monotonic()
    until, look_at = now + timeout if timeout else float("inf"), now + LOOK
    with selectors.DefaultSelector() as selector:
        for pipe, take in ((process.stdout, output.extend), (process.stderr, said.add)):
            os.set_blocking(cast("BinaryIO", pipe).fileno(), False)
            selector.register(cast("BinaryIO", pipe), selectors.EVENT_READ, take)
        while selector.get_map():
            ready = selector.select(PAUSE)
            for key, _ in ready:
                data = os.read(key.fd, CHUNK)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
            if not ready and process.poll() is not None:
                return True
            now = time.monotonic()
            if now > until:
                return False
            if now > look_at:
                look()
                look_at = now + LOOK
    while time.monotonic() <= until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE)
            return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it: it is asked to end, and killed if it does not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE if process.returncode is None else 0)
        if process.returncode is not None and not _has_members(process.pid):
            break
    for pipe in (process.stdout, process.stderr):
        cast("BinaryIO", pipe).close()


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
