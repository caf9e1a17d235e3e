"""What PostgreSQL may say to a step: it failed, or it is too much for one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.database.piecewise import OUTSIDE_ONLY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Step
    from gitmig.database.book import Done
    from gitmig.database.sending import ScriptError
    from gitmig.database.tasks import Task

# What one transaction for everything can run into although each step alone would not: a new enum value used (55P04),
# pending trigger events (55006), out of locks (53200), and statements that must be outside of any transaction.
PENDING = "55006"
TOO_MUCH_FOR_ONE = {"55P04", PENDING, "53200"} | OUTSIDE_ONLY


@dataclass(kw_only=True, eq=False)
class StepFailed(Exception):
    """A script failed. `committed` stays; everything else of the failed transaction was rolled back.

    `outside` says that there was no transaction: the statements before the failed one stay, and are not run again.
    `rolled_back` ran before it in the same transaction. `escaped` says that the script committed behind gitmig's back.
    """

    step: Step
    path: str
    outside: bool
    rolled_back: tuple[Step, ...]
    error: ScriptError
    committed: tuple[Done, ...]
    escaped: bool = False


class TooMuchForOne(Exception):
    """A batch was rolled back whole because it can only be done in smaller transactions.

    With a commit before the task; or, if it must be `outside`, around it; or `behind` it, since rows wait for a commit
    that later tasks take something from. `settled`: it is tried as it is, with all late checks done before the task.
    """

    def __init__(self, task: Task, *, outside: bool = False, behind: bool = False, settled: bool = False) -> None:
        super().__init__()
        self._task = task
        self._outside = outside
        self._behind = behind
        self._settled = settled

    def smaller(self, batch: Sequence[Task]) -> list[tuple[Task, ...]]:
        """The same tasks in smaller batches."""
        if self._settled:
            return [tuple(batch)]
        place = next(k for k, task in enumerate(batch) if task is self._task)
        if self._outside:
            parts = [tuple(batch[:place]), (self._task.outside(),), tuple(batch[place + 1 :])]
        else:
            end = place + 1 if self._behind else place or 1
            parts = [tuple(batch[:end]), tuple(batch[end:])]
        return [part for part in parts if part]
