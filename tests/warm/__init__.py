"""gitmig without its start: fixtures for the folders of tests that start it often, by themselves or in git's hooks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.warm.sitecustomize import ADDRESS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def warm_server() -> Iterator[str]:
    """The socket of a process that runs gitmig in forks of itself."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        command = (sys.executable, str(FOLDER / "server.py"), address)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdout
            assert server.stdout.readline() == b"ready\n"
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
