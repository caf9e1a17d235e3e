"""Hooks are warm; what a rebuild keeps is dropped; the installed hooks tell when they start Python."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.rebuilding import nothing_is_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox

__all__ = ["nothing_is_left"]


@pytest.fixture
def python_calls(branches: Sandbox) -> Callable[[str], int]:
    """Count how often a hook of this name starts Python from now on."""
    log, wrapper = branches.root.parent / "calls", branches.root.parent / "python"
    # The command line is `-c CODE hooks run NAME ARGUMENTS`.
    wrapper.write_text(f'#!/bin/sh\necho "$5" >> {shlex.quote(str(log))}\nexec {shlex.quote(sys.executable)} "$@"\n')
    wrapper.chmod(0o755)
    for hook in (branches.root / ".git/hooks").iterdir():
        hook.write_text(hook.read_text().replace(f"python={sys.executable}", f"python={wrapper}"))
    return lambda name: log.read_text().splitlines().count(name) if log.exists() else 0


@pytest.fixture(autouse=True)
def hooks_are_warm(warm: None) -> None:
    """Nearly every test of this folder starts hooks; what it is about is rarely how."""
