"""Rows that wait for a later step, because a script fails where they are put back already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.plan import Direction
from gitmig.database.kept.chunks import is_about_data

if TYPE_CHECKING:
    from gitmig.core.kept.item import Item, Subject
    from gitmig.core.kept.shape import Shape, Table
    from gitmig.database.kept.store import Store
    from gitmig.database.sending import ScriptError


class Postponement:
    """Of one plan: from which migrations' ups rows have come back, and which of them shall wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._came_back: set[str] = set()
        self._late: set[str] = set()
        self._homes: dict[int, Table] = {}

    def begin(self, error: ScriptError) -> bool:
        """Whether rows that were put back before an up may be why it failed; then they wait for the next one that can.

        A migration that counts on the rows another one has just made finds them as on a fresh database, once the ups
        are run again.
        """
        if not is_about_data(error.sqlstate) or not self._came_back:
            return False
        self._late |= self._came_back
        self._came_back, self._homes = set(), {}
        return True

    def came_back(self, subject: Subject) -> None:
        """Note that a step has put rows back."""
        self._came_back.add(subject.checksum)

    def concerns(self, subject: Subject, direction: Direction) -> bool:
        """Whether the rows of this step have to wait."""
        return direction is Direction.APPLY and subject.checksum in self._late

    def holds(self, item: Item) -> bool:
        """Whether these rows have to wait."""
        return item.checksum in self._late

    def note_homes(self, shape: Shape) -> None:
        """Remember which tables the waiting rows belong to: later steps may rename these."""
        for item in self._store.waiting():
            if item.id not in self._homes and (table := shape.named(item.table)):
                self._homes[item.id] = table

    def at_home(self, item: Item) -> Item:
        """The item with the table it belongs to, if that is known."""
        return replace(item, home=self._homes.get(item.id))
