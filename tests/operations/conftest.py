"""Syncing in the test's own process."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gitmig.events import silent
from gitmig.operations.sync import sync
from gitmig.project.decisions import Decisions
from gitmig.project.project import Project
from tests.rebuilding import nothing_is_left, rebuild
from tests.servers import Cluster, in_memory

__all__ = ["Answers", "nothing_is_left", "rebuild", "run_sync"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitmig.errors import SyncFailed
    from gitmig.events import Notify
    from gitmig.ledger.ownership import ForeignLedger
    from gitmig.migrations.plan import Plan
    from gitmig.project.trust import Candidate
    from tests.conftest import Database, Sandbox


class Answers(Decisions):
    """Agrees to whatever it is asked, or to nothing, and writes the questions down."""

    def __init__(self, *, agree: bool = True) -> None:
        self.agree = agree
        self.asked: list[str] = []

    def run_plan(self, plan: Plan) -> bool:
        self.asked.append(f"run {len(plan.steps)}")
        return self.agree

    def change_protected(self, plan: Plan) -> bool:
        self.asked.append(f"protected {len(plan.steps)}")
        return self.agree

    def run_programs(self, found: Sequence[Candidate]) -> bool:
        self.asked.append(f"programs {', '.join(dict.fromkeys(map(str, found)))}")
        return self.agree

    def take_over(self, known: ForeignLedger) -> bool:
        self.asked.append("foreign")
        return self.agree

    def rebuild(self, failure: SyncFailed) -> bool:
        self.asked.append(f"rebuild: {failure.message}")
        return self.agree


@pytest.fixture
def run_sync(sandbox: Sandbox, database: Database) -> Callable[..., list[str]]:
    """Sync the sandbox; returns the steps that ran, as `+ label`."""

    def run(
        revision: str | None = None, notify: Notify = silent, decisions: Decisions | None = None, **options: Any
    ) -> list[str]:
        project = Project.load(sandbox.root, database.url)
        synced = sync(project, revision=revision, notify=notify, decisions=decisions or Answers(), **options)
        return [f"{done.step.direction.sign} {done.step.label}" for done in synced.done]

    return run


@pytest.fixture(autouse=True)
def hooks_are_warm(warm: None) -> None:
    """Nearly every test of this folder commits, and so starts a hook."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of the embedded server, for tests that are not about how one is made."""
    with tempfile.TemporaryDirectory(prefix="gitmig-tests-", dir=in_memory(), ignore_cleanup_errors=True) as folder:
        yield Cluster.make(Path(folder) / "gitmig")
