"""Look at what is kept, put it back by hand, or drop it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.database import lock
from gitmig.errors import GitmigError
from gitmig.rows.items import Limits
from gitmig.rows.preserve import Preserver
from gitmig.rows.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.database.connection import Connection
    from gitmig.database.lock import Holder
    from gitmig.operations.project import Project
    from gitmig.rows.items import Item, Reason, Report

    OnWait = Callable[[Holder], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An item with its rows: for each the values as text by column, and why it could not be put back, if it was tried.

    There may be more rows than are shown.
    """

    item: Item
    rows: tuple[tuple[dict[str, str | None], tuple[Reason, str | None] | None], ...]


def kept(project: Project) -> list[Item]:
    """Everything that is kept, oldest first."""
    with project.connect("kept") as connection:
        return _store(connection, project).items()


def show(project: Project, number: int, limit: int) -> Shown:
    """One item with at most `limit` rows. Raises GitmigError."""
    with project.connect("kept") as connection:
        store = _store(connection, project)
        item = _find(store, [number])[0]
        return Shown(item=item, rows=tuple(store.rows(item, limit)))


def restore(project: Project, number: int, on_wait: OnWait) -> tuple[Item, Report]:
    """Put an item back into its table as that is now, over what stands there. Raises GitmigError."""
    with project.connect("kept") as connection:
        lock.acquire(connection, on_wait)
        item = _find(_store(connection, project), [number])[0]
        limits = Limits(bytes=project.settings.kept_size, days=project.settings.kept_age)
        keeper = Preserver(connection, limits, project.user, None)
        with connection.transaction():
            return item, keeper.restore(item)


def drop(project: Project, numbers: Sequence[int] | None, on_wait: OnWait) -> list[Item]:
    """Forget these items, or all of them (None), rows included; returns them. Raises GitmigError."""
    with project.connect("kept") as connection:
        lock.acquire(connection, on_wait)
        store = _store(connection, project)
        items = store.items() if numbers is None else _find(store, numbers)
        with connection.transaction():
            store.drop(items)
        return items


def _store(connection: Connection, project: Project) -> Store:
    return Store(connection, project.user, None)


def _find(store: Store, numbers: Sequence[int]) -> list[Item]:
    by_number = {item.id: item for item in store.items()}
    for number in numbers:
        if number not in by_number:
            raise GitmigError(
                f"nothing is kept under number {number}", hint="`gitmig kept list` shows what is kept, and the numbers"
            )
    return [by_number[number] for number in dict.fromkeys(numbers)]
