"""gitmig without its start; what a rebuild keeps is dropped; the installed hooks tell when they start Python."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import warm as warm_folder
from tests.originals import Originals
from tests.rebuilding import nothing_is_left
from tests.warm.sitecustomize import ADDRESS_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from tests.conftest import Database, Sandbox
    from tests.originals import Make

__all__ = ["nothing_is_left"]

WARM = Path(warm_folder.__file__).parent


@pytest.fixture(scope="session")
def warm_server() -> Iterator[str]:
    """The socket of a process that runs gitmig in forks of itself."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        command = (sys.executable, str(WARM / "server.py"), address)
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
        monkeypatch.setenv("PYTHONPATH", str(WARM))


@pytest.fixture
def cold(warm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real start of Python after all, where the start itself is what is tested."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


@pytest.fixture(scope="session")
def originals(maintenance: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Originals]:
    """What tests of this worker have made so far for others to begin with."""
    made = Originals(tmp_path_factory.mktemp("originals"), maintenance)
    yield made
    made.drop()


@pytest.fixture
def made_once(
    originals: Originals, make_sandbox: Callable[..., Sandbox], database: Database
) -> Callable[[Make], Sandbox]:
    """What a function makes of an empty repository and an empty database, called for the first of its tests only."""

    def provide(make: Make) -> Sandbox:
        sandbox = make_sandbox(url=database.url)
        originals.provide(make, sandbox, database)
        return sandbox

    return provide


@pytest.fixture
def python_calls(branches: Sandbox) -> Callable[[str], int]:
    """Count how often a hook of this name starts Python from now on."""
    log, wrapper = branches.root.parent / "calls", branches.root.parent / "python"
    # The script ends its command line with `hooks run NAME`.
    wrapper.write_text(
        f'#!/bin/sh\nfor name; do :; done\necho "$name" >> {shlex.quote(str(log))}\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    wrapper.chmod(0o755)
    for hook in (branches.root / ".git/hooks").iterdir():
        hook.write_text(hook.read_text().replace(f"python={sys.executable}", f"python={wrapper}"))
    return lambda name: log.read_text().splitlines().count(name) if log.exists() else 0
