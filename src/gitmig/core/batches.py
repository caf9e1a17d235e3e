"""Which steps share a transaction."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Task(Protocol):
    @property
    def transactional(self) -> bool: ...


T = TypeVar("T", bound=_Task)


def batches(tasks: Sequence[T]) -> list[tuple[T, ...]]:
    """Neighbours that may run in a transaction run in one; a task that must not stands alone. Order is kept."""
    found: list[tuple[T, ...]] = []
    for transactional, group in groupby(tasks, key=lambda task: task.transactional):
        neighbours = tuple(group)
        found += [neighbours] if transactional else [(task,) for task in neighbours]
    return found
