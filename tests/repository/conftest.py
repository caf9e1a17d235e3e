"""Repositories without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import git
import pytest

from gitmig.operations.project import Project
from gitmig.repository.door import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Sandbox


@pytest.fixture(autouse=True)
def no_git_is_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A traceback keeps its repository alive, and with it the `git cat-file` that answers for it."""
    made: list[git.Git] = []
    original = git.Git.__init__

    def remember(self: git.Git, working_dir: str | Path | None = None) -> None:
        original(self, working_dir)
        made.append(self)

    monkeypatch.setattr(git.Git, "__init__", remember)
    yield
    for one in made:
        one.clear_cache()


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
