"""Syncing in the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gitmig.operations.project import Project
from gitmig.operations.sync import Outcome, sync
from tests.rebuilding import nothing_is_left, rebuild

__all__ = ["Notebook", "nothing_is_left", "rebuild", "run_sync"]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.core.ownership import ForeignLedger
    from gitmig.core.plan import Plan, Step
    from gitmig.core.schema import SchemaDifference
    from gitmig.database.book import Done
    from gitmig.database.lock import Holder
    from gitmig.database.rebuild.sessions import Session
    from gitmig.errors import SyncFailed
    from gitmig.rows.items import Item, Report
    from gitmig.rows.tables import TableName
    from tests.conftest import Database, Sandbox


class Notebook:
    """An observer that writes down what it is told, and agrees to every plan unless `agree` is False."""

    def __init__(self, *, agree: bool = True) -> None:
        self.agree = agree
        self.events: list[str] = []

    def waiting(self, holder: Holder) -> None:
        self.events.append(f"waiting for {holder.application}")

    def resuming(self, label: str) -> None:
        self.events.append(f"resuming {label}")

    def discarded(self, drift: SchemaDifference) -> None:
        self.events += [f"discarded {name}" for name in drift.names]

    def building(self, count: int) -> None:
        self.events.append(f"building {count}")

    def occupied(self, sessions: Sequence[Session]) -> None:
        self.events += [f"occupied by {session}" for session in sessions]

    def carrying(self, table: str, position: int, count: int) -> None:
        self.events.append(f"carrying {table}")

    def swapped(self, kept_as: str) -> None:
        self.events.append("swapped")

    def expired(self, items: Sequence[Item]) -> None:
        self.events += [f"expired {item.what}" for item in items]

    def abandoned(self, items: Sequence[Item]) -> None:
        self.events += [f"abandoned {item.what}" for item in items]

    def staying(self, items: Sequence[Item]) -> None:
        self.events += [f"staying {item.rows} of {item.what}" for item in items]

    def keeping(self, table: TableName, size: int) -> None:
        self.events.append(f"keeping {table}")

    def settled(self, report: Report) -> None:
        self.events += [f"put back {one.rows} of {one.table}" for one in report.restored]

    def unrepairable(self, failure: SyncFailed) -> bool:
        self.events.append(f"unrepairable: {failure.message}")
        return self.agree

    def taking_back(self, plan: Plan) -> None:
        self.events.append(f"taking back by {', '.join(f'{step.direction.sign} {step.label}' for step in plan.steps)}")

    def planned(self, plan: Plan) -> bool:
        self.events.append(f"planned {len(plan.steps)}")
        return self.agree

    def protected(self, plan: Plan) -> bool:
        self.events.append(f"protected {len(plan.steps)}")
        return self.agree

    def foreign(self, known: ForeignLedger) -> bool:
        self.events.append("foreign")
        return self.agree

    def started(self, step: Step) -> None:
        self.events.append(f"started {step.direction.sign} {step.label}")

    def committed(self, done: Sequence[Done]) -> None:
        self.events += [f"committed {one.step.direction.sign} {one.step.label}" for one in done]


@pytest.fixture
def run_sync(sandbox: Sandbox, database: Database) -> Callable[..., list[str]]:
    """Sync the sandbox; returns the steps that ran, as `+ label`."""

    def run(revision: str | None = None, observer: Notebook | None = None, **options: Any) -> list[str]:
        project = Project.load(sandbox.root, database.url)
        outcome: Outcome = sync(project, observer or Notebook(), revision=revision, **options)
        return [f"{done.step.direction.sign} {done.step.label}" for done in outcome.done]

    return run
