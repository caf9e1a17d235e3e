"""Applies end where a fresh build does, as they run on the very schema they were written for: all but one thing.

A revert cannot put a column back into its place, only at the end of its table. That is no difference by itself; but a
view made with `*` afterwards spells the columns out in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.plan import Direction
from gitmig.database.reverting import Reverter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Plan
    from gitmig.database.book import Done
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Row
    from gitmig.database.reverting import Expectation
    from gitmig.database.stepping import Stepper
    from gitmig.database.tasks import Task


class Arrival:
    """The end of a plan, made of these tasks. `replaced` are the rows that come without running anything."""

    def __init__(  # noqa: PLR0917
        self,
        connection: Connection,
        expected: Expectation,
        stepper: Stepper,
        plan: Plan,
        tasks: Sequence[Task],
        replaced: Sequence[Row] = (),
    ) -> None:
        self._connection = connection
        self._expected = expected
        self._stepper = stepper
        self._keep = plan.keep
        self._applies = [task for task in tasks if task.step.direction is Direction.APPLY]
        self._rows = [*replaced, *(task.row for task in self._applies)]
        is_new = not (plan.keep or plan.reverts or plan.replacement)
        self._doubtful = [task for task in self._applies if not is_new and _expands(task)]

    @property
    def is_certain(self) -> bool:
        """Whether nothing has to be looked at."""
        return not self._doubtful

    def settle(self, done: Sequence[Done]) -> list[Done]:
        """Compare the schema with that of a fresh build, and put right what differs; `done` are the plan's last steps.

        Raises Unrepairable.
        """
        if self.is_certain or not done:
            return list(done)
        found = self._expected.gauge.measure(self._connection).schema
        expected = self._expected.beyond(self._keep, self._rows, found)
        reverter = Reverter(self._connection, expected, self._stepper)
        steps = [task.step for task in self._doubtful]
        place = max((k for k, one in enumerate(done) if one.step in steps), default=len(done) - 1)
        settled = list(done)
        settled[place] = reverter.complete(self._applies[-1], done[place])
        return settled


def _expands(task: Task) -> bool:
    return task.script is not None and task.script.language.expands_columns(task.script.text)
