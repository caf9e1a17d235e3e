"""Projects whose database is the test's own, synced in the test's process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gitmig.events import silent
from gitmig.operations.sync import sync
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.events import Notify
    from tests.conftest import Database, Sandbox


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """A repository without gitmig's hooks, whose database is empty and without a ledger."""
    return make_sandbox(url=database.url)


def run_sync(sandbox: Sandbox, notify: Notify = silent, url: str | None = None, **options: Any) -> list[str]:
    """Sync with the work tree; returns the steps that ran, as `+ label`."""
    project = Project.load(sandbox.root, url or sandbox.environment["DATABASE_URL"])
    synced = sync(project, notify=notify, **options)
    return [f"{done.step.direction.sign} {done.step.label}" for done in synced.done]
