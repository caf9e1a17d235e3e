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
# Bytes that a pipe holds at most.
PIPE = 1 << 20
# Seconds between looks at whether it has ended: who inherited its pipes may keep them open for longer than it lives.
PAUSE = 0.1
# Seconds between looks at what it waits for.
LOOK = 3.0
# Seconds that a program which shall end has until it is killed.
GRACE = 2.0
# Lines of what it said last that are kept for a message.
TAIL = 20
# Bytes: what has no line ends is told in pieces of this length.
LONGEST_LINE = 1 << 16
# Bytes of output that are gathered. PostgreSQL has no room in a field for more than four times that.
MOST_OUTPUT = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: `status` is None if it took too long; a negative one is the signal that ended it.

    `out` is None if it printed more than MOST_OUTPUT, and was ended because of that.
    """

    status: int | None
    out: bytes | None
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
        has_ended = _follow(process, output, said, timeout, look)
    finally:
        _end(process)
    said.finish()
    out = bytes(output) if len(output) <= MOST_OUTPUT else None
    return Ended(status=process.returncode if has_ended or out is None else None, out=out, said=said.tail)


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
        if len(self._rest) >= LONGEST_LINE:
            self.finish()

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
    """Read until it has ended; False if its time was up before, or it printed too much."""
    now = time.monotonic()
    until, look_at = now + timeout if timeout else float("inf"), now + LOOK
    left = PIPE // CHUNK
    with selectors.DefaultSelector() as selector:
        for pipe, take in ((process.stdout, output.extend), (process.stderr, said.add)):
            os.set_blocking(cast("BinaryIO", pipe).fileno(), False)
            selector.register(cast("BinaryIO", pipe), selectors.EVENT_READ, take)
        while selector.get_map():
            is_gone = process.poll() is not None  # asked before what it may have written last is read
            found = _read(selector, 0 if is_gone else PAUSE)
            if is_gone:
                left -= 1
                if not (found and left):  # who inherited its pipes may write for ever
                    return True
            now = time.monotonic()
            if now > until or len(output) > MOST_OUTPUT:
                return False
            if now > look_at:
                look()
                look_at = now + LOOK
    while time.monotonic() <= until:
        with suppress(subprocess.TimeoutExpired):
            process.wait(PAUSE)
            return True
    return False


def _read(selector: selectors.BaseSelector, wait: float) -> bool:
    """Hand on what there is to read within this many seconds; whether there was anything."""
    ready = selector.select(wait)
    for key, _ in ready:
        data = os.read(key.fd, CHUNK)
        if data:
            key.data(data)
        else:
            selector.unregister(key.fileobj)
    return bool(ready)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it: it is asked to end, and killed if it does not, also if ^C comes meanwhile once more."""
    try:
        _signal(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    finally:
        _signal(process.pid, signal.SIGKILL)  # its group has its number as long as anybody is in it
        for pipe in (process.stdout, process.stderr):
            cast("BinaryIO", pipe).close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
