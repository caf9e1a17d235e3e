"""What many tests begin with is made once; what a rebuild keeps is dropped; hooks tell when they start Python."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.originals import Originals
from tests.rebuilding import nothing_is_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from tests.conftest import Database, Sandbox
    from tests.originals import Make

__all__ = ["nothing_is_left"]


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
