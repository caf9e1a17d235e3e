"""Running programs to their end: what they print is gathered or told, their time is limited, nothing of them is left.

A program is run once; a worker is started once and does one thing after the other, so that what takes long, as to load
an application, is done once as well.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from msgspec import Struct

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
# Lines of what it said last that are kept: a traceback through an ORM is long, and names the migration's line first.
TAIL = 400
# Bytes: what has no line ends is told in pieces of this length.
LONGEST_LINE = 1 << 16
# Bytes of output that are gathered. PostgreSQL has no room in a field for more than four times that.
MOST_OUTPUT = 1 << 28


class Ended(Struct, frozen=True, kw_only=True):
    """How a program ended: `status` is None if it took too long; a negative one is the signal that ended it.

    `out` is None if it printed more than MOST_OUTPUT, and was ended because of that.
    """

    status: int | None
    out: bytes | None
    said: tuple[str, ...]


class Watch(Struct, frozen=True, kw_only=True):
    """Who is told the lines of a program's standard error, for how many seconds it may run (0: as long as it takes).

    Once every few seconds there is a `look` at what it waits for.
    """

    tell: Callable[[str], None]
    look: Callable[[], None]
    timeout: int


def run_program(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], watch: Watch) -> Ended:
    """Run it in a session of its own, without standard input. Raises OSError if it does not start.

    Whatever it has started in its own session is killed with it.
    """
    process = _start(command, folder, environment, stdin=subprocess.DEVNULL)
    output, said = _Bytes(), _Lines(watch.tell)
    streams: dict[int, _Taker] = {_out(process): output, _err(process): said}
    try:
        in_time = _follow(streams, lambda: process.poll() is not None, watch)
    finally:
        _end(process)
    said.finish()
    status = process.returncode if in_time or output.is_full else None
    return Ended(status=status, out=None if output.is_full else output.data, said=said.tail)


class Worker:
    """A process of `drivers/worker.py`, which does what it is asked to, one thing after the other. Raises OSError."""

    def __init__(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        self._replies, theirs = os.pipe()
        try:
            self._process = _start(
                (*command, str(theirs)), folder, environment, stdin=subprocess.PIPE, pass_fds=(theirs,)
            )
        except OSError:
            os.close(self._replies)
            raise
        finally:
            os.close(theirs)

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked for more."""
        return self._process.poll() is None

    def ask(self, arguments: Sequence[str], environment: Mapping[str, str], watch: Watch) -> Ended:
        """Have it done. A worker that takes too long, or ends by itself, is not of use any more."""
        request = json.dumps({"arguments": list(arguments), "environment": dict(environment)})
        stdin = cast("BinaryIO", self._process.stdin)
        with suppress(BrokenPipeError):  # how it ended is found below
            stdin.write(request.encode() + b"\n")
            stdin.flush()
        output, said, reply = _Bytes(), _Lines(watch.tell), _Bytes()
        streams: dict[int, _Taker] = {_out(self._process): output, _err(self._process): said, self._replies: reply}
        in_time = _follow(streams, lambda: reply.data.endswith(b"\n") or not self.is_alive, watch)
        status: int | None = None
        if in_time:
            status = int(reply.data) if reply.data else self._process.returncode
        if not (in_time and reply.data):
            self.close()
        said.finish()
        return Ended(status=status, out=None if output.is_full else output.data, said=said.tail)

    def close(self) -> None:
        """Leave nothing of it."""
        if self._replies >= 0:
            with suppress(BrokenPipeError):
                cast("BinaryIO", self._process.stdin).close()
            _end(self._process)
            os.close(self._replies)
            self._replies = -1


class _Taker(Protocol):
    @property
    def is_full(self) -> bool:
        """Whether there is no room for more."""

    def add(self, data: bytes) -> None:
        """Take what has come."""


class _Bytes:
    """Gathers what comes."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        return bytes(self._data)

    @property
    def is_full(self) -> bool:
        return len(self._data) > MOST_OUTPUT

    def add(self, data: bytes) -> None:
        self._data += data


class _Lines:
    """Cuts what comes in pieces into lines, and remembers the last ones."""

    is_full = False

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


def _start(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    stdin: int,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def _out(process: subprocess.Popen[bytes]) -> int:
    return cast("BinaryIO", process.stdout).fileno()


def _err(process: subprocess.Popen[bytes]) -> int:
    return cast("BinaryIO", process.stderr).fileno()


def _follow(streams: Mapping[int, _Taker], is_over: Callable[[], bool], watch: Watch) -> bool:
    """Read until it is over; False if the time was up before, or it printed too much."""
    now = time.monotonic()
    until, look_at = now + watch.timeout if watch.timeout else float("inf"), now + LOOK
    left = PIPE // CHUNK
    with selectors.DefaultSelector() as selector:
        for descriptor, taker in streams.items():
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ, taker)
        while True:
            over = is_over()  # asked before what may have been written last is read
            found = _read(selector, 0 if over else PAUSE)
            if over:
                left -= 1
                if not (found and left):  # who inherited its pipes may write for ever
                    return True
            now = time.monotonic()
            if now > until or any(taker.is_full for taker in streams.values()):
                return False
            if now > look_at:
                watch.look()
                look_at = now + LOOK


def _read(selector: selectors.BaseSelector, wait: float) -> bool:
    """Hand on what there is to read within this many seconds; whether there was anything."""
    ready = selector.select(wait)
    for key, _ in ready:
        data = os.read(key.fd, CHUNK)
        if data:
            key.data.add(data)
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
