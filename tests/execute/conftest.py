"""Projects whose database is the test's own, synced in the test's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.operations.sync import sync
from gitmig.project.project import Project
from tests.operations.conftest import Notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """A repository without gitmig's hooks, whose database is empty and without a ledger."""
    return make_sandbox(url=database.url)


def run_sync(sandbox: Sandbox, observer: Notebook | None = None, url: str | None = None, **options: bool) -> list[str]:
    """Sync with the work tree; returns the steps that ran, as `+ label`."""
    project = Project.load(sandbox.root, url or sandbox.environment["DATABASE_URL"])
    outcome = sync(project, observer or Notebook(), **options)  # type: ignore[arg-type]
    return [f"{done.step.direction.sign} {done.step.label}" for done in outcome.done]
