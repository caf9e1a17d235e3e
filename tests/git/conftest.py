"""Repositories without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.git.repository import Repository
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A repository with one commit, which has migrations 0001_a and 0002_b."""
    made = make_sandbox()
    made.table("0001_a", "a")
    made.table("0002_b", "b")
    made.commit("a and b")
    return made


def opened(sandbox: Sandbox) -> Repository:
    """The repository as it is now; what an earlier one remembers does not count."""
    return Repository.open(sandbox.root)


def project(sandbox: Sandbox) -> Project:
    """The project without a database."""
    return Project.load(sandbox.root)
