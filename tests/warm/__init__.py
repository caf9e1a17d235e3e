"""gitmig without its start: fixtures for the folders of tests that start it often, by themselves or in git's hooks."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers import create_database
from tests.warm.sitecustomize import ADDRESS_VARIABLE, GITMIG, hand_over, process_of, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from socket import SocketType

    import psycopg

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def warm_server(server: str, maintenance: psycopg.Connection) -> Iterator[str]:
    """The socket of a process that runs gitmig in forks of itself; it has run it before, on a database of its own."""
    from tests.conftest import isolated_environment, url_of

    name = f"test_warm_{os.getpid()}"
    create_database(maintenance, name)
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        environment = {**isolated_environment(), "HOME": folder, "DATABASE_URL": url_of(server, name)}
        command = (sys.executable, str(FOLDER / "server.py"), address)
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
            maintenance.execute(f'DROP DATABASE "{name}"'.encode())
            yield address
            # Closing its standard input, as leaving does, ends it.


@pytest.fixture
def warm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts gitmig, be it git's hook, gets a fork of a process that has imported it: a tenth of the time."""
    if sys.platform == "linux":  # the libraries of macOS do not bear a fork
        monkeypatch.setenv(ADDRESS_VARIABLE, request.getfixturevalue("warm_server"))
        monkeypatch.setenv("PYTHONPATH", str(FOLDER))


@pytest.fixture
def cold(warm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real start of Python after all, where the start itself is what is tested."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


@dataclass(frozen=True)
class Started:
    """A gitmig that runs, in a process of its own."""

    pid: int
    connection: SocketType

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not select.select([self.connection], [], [], 0)[0]

    def kill(self) -> None:
        """Kill it, if it has not ended."""
        if self.is_running():
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end; returns the exit status as `subprocess` does, less than nothing after a signal."""
        status = status_of(self.connection)
        self.connection.close()
        return status - 256 if status > 128 else status


def start(
    arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], streams: tuple[int, int]
) -> Started:
    """Start gitmig with nothing to read and these two streams to write to, without a Python that would ask for it.

    What it finds in its environment is this process's and what is given here. Only where it is `is_warm`.
    """
    whole = {os.fsencode(name): os.fsencode(value) for name, value in {**os.environ, **environment}.items()}
    with Path(os.devnull).open() as nothing:
        connection = hand_over(
            [GITMIG, *arguments],
            os.environ[ADDRESS_VARIABLE],
            folder=str(folder),
            environment=whole,
            streams=(nothing.fileno(), *streams),
        )
    return Started(process_of(connection), connection)


def is_warm() -> bool:
    """Whether a gitmig that is started by this process would be a fork."""
    return ADDRESS_VARIABLE in os.environ and os.environ.get("PYTHONPATH") == str(FOLDER)
