"""`gitmig kept`: look at rows that syncs kept, put them back by hand, or drop them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError
from gitmig.events import WaitingForLock, silent
from gitmig.ledger import schema
from gitmig.ledger.store import read_state
from gitmig.postgres import lock
from gitmig.project.kept_migrations import find_migrations
from gitmig.rows.items import UNDO, Limits, Report
from gitmig.rows.preserve import Preserver
from gitmig.rows.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.events import Notify
    from gitmig.postgres.connection import Connection
    from gitmig.project.kept_migrations import Whereabouts
    from gitmig.project.project import Project
    from gitmig.rows.items import Item, Reason


class KeptEntry(Struct, frozen=True, kw_only=True):
    """An item, and where the migration is that brings it back; None: no migration does."""

    item: Item
    found: Whereabouts | None

    @property
    def is_left(self) -> bool:
        """Whether nothing brings it back but a person: no migration does, or that one is nowhere any more."""
        return not self.item.due and not self.found


class KeptRows(Struct, frozen=True, kw_only=True):
    """An entry with its rows: for each the values as text by column, and why it could not be put back, if it was tried.

    There may be more rows than are shown.
    """

    entry: KeptEntry
    rows: tuple[tuple[dict[str, str | None], tuple[Reason, str | None] | None], ...]

    @property
    def item(self) -> Item:
        """What the rows are of."""
        return self.entry.item


def kept(project: Project, *, notify: Notify = silent) -> list[KeptEntry]:
    """Everything that is kept, oldest first."""
    with _opened(project, notify) as (connection, store):
        return _entries(project, connection, store.items())


def show(project: Project, number: int, limit: int, *, notify: Notify = silent) -> KeptRows:
    """One item with at most `limit` rows. Raises GitmigError."""
    with _opened(project, notify) as (connection, store):
        item = _find(store, [number])[0]
        (entry,) = _entries(project, connection, [item])
        return KeptRows(entry=entry, rows=tuple(store.rows(item, limit)))


def restore(project: Project, number: int, *, notify: Notify = silent) -> tuple[Item, Report]:
    """Put an item back into its table as that is now, over what stands there. Raises GitmigError."""
    with _opened(project, notify, locked=True) as (connection, store):
        item = _find(store, [number])[0]
        with connection.transaction():
            return item, _preserver(project, connection).restore(item)


def restore_all(project: Project, *, notify: Notify = silent) -> tuple[list[Item], int, Report]:
    """Put back all that has a place: what could not be, how many other items there are, and what was done.

    Nobody's work since is overwritten. What waits for a migration that is still there has its place where that has
    run; and what gave way in an undo has none.
    """
    with _opened(project, notify, locked=True) as (connection, store):
        entries = _entries(project, connection, store.items())
        items = [e.item for e in entries if e.item.due or (e.is_left and e.item.checksum != UNDO)]
        report = Report()
        if items:
            with connection.transaction():
                report = _preserver(project, connection).restore_all(items)
        tried = {item.id for item in items}
        now = store.items()
        left = [item for item in now if item.id in tried or item.due]
        return left, len(now) - len(left), report


def drop(project: Project, numbers: Sequence[int] | None, *, notify: Notify = silent) -> list[Item]:
    """Forget these items, or all (None), rows included; returns those that had rows. Raises GitmigError."""
    with _opened(project, notify, locked=True) as (connection, store):
        items = store.everything() if numbers is None else _find(store, numbers)
        if items:
            with connection.transaction():
                store.drop(items)
        return [item for item in items if item.rows]


@contextmanager
def _opened(project: Project, notify: Notify, *, locked: bool = False) -> Iterator[tuple[Connection, Store]]:
    """The store of kept rows; one of an earlier version is upgraded, for which the lock is needed as well."""
    with project.connect("kept") as connection:
        is_old = 0 < schema.version(connection) < schema.CURRENT
        if locked or is_old:
            lock.acquire(connection, lambda holder: notify(WaitingForLock(holder)))
        if is_old:
            schema.upgrade(connection)
        yield connection, Store(connection, project.user, None)


def _preserver(project: Project, connection: Connection) -> Preserver:
    limits = Limits(bytes=project.settings.kept_size, days=project.settings.kept_age)
    return Preserver(connection, limits, project.user, None)


def _entries(project: Project, connection: Connection, items: Sequence[Item]) -> list[KeptEntry]:
    if not items:
        return []
    found = find_migrations(project, read_state(connection).stack, items)
    return [KeptEntry(item=item, found=found.get(item.id)) for item in items]


def _find(store: Store, numbers: Sequence[int]) -> list[Item]:
    by_number = {item.id: item for item in store.items()}
    for number in numbers:
        if number not in by_number:
            raise GitmigError(
                f"nothing is kept under number {number}", hint="`gitmig kept list` shows what is kept, and the numbers"
            )
    return [by_number[number] for number in dict.fromkeys(numbers)]
