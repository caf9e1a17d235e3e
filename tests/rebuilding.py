"""Rebuilding in the test's own process, and what a rebuild leaves on the server; fixtures for several folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from gitmig.events import silent
from gitmig.operations.rebuild import Rebuilt, rebuild_to
from gitmig.project.project import Project
from gitmig.rebuild.databases import name_of_new, replaced_at

if TYPE_CHECKING:
    import psycopg

    from gitmig.events import Notify
    from tests.conftest import Database, Sandbox

Rebuild = Callable[..., Rebuilt]


@pytest.fixture
def nothing_is_left(maintenance: psycopg.Connection, database: Database) -> Iterator[None]:
    """Drops what rebuilds keep, and sees that they leave nothing half built."""
    yield
    oids: dict[str, int] = dict(maintenance.execute("SELECT datname, oid FROM pg_database").fetchall())
    own = [name for name in oids if name == database.name or replaced_at(database.name, name)]
    for name in own:
        if name != database.name:
            maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
    assert not [name_of_new(oids[name]) for name in own if name_of_new(oids[name]) in oids]


@pytest.fixture
def rebuild(sandbox: Sandbox, database: Database) -> Rebuild:
    """Rebuild the sandbox's database to its work tree, or to a revision."""

    def run(revision: str | None = None, notify: Notify = silent, wait: int = 0) -> Rebuilt:
        project = Project.load(sandbox.root, database.url)
        return rebuild_to(project, revision=revision, wait=wait, notify=notify)

    return run


@pytest.fixture
def ignoring(sandbox: Sandbox) -> None:
    """The setting `ignore` names whatever begins with app_."""
    sandbox.git("config", "gitmig.ignore", "app_*")
