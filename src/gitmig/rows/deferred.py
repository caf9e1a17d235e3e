"""Rows that wait: for a later step, as a script fails where they are put back already, or for the next commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.rows.items import Item
    from gitmig.rows.tables import Table, TableName, Tables

    Origin = str  # the checksum of the migration whose step took the rows; it is known by that as a step, too


class Deferral:
    """Of one plan: which rows have come back, and which have to wait until a certain step has run, or for a commit."""

    def __init__(self) -> None:
        self._order: dict[Origin, int] = {}
        self._step: Origin = ""
        self._until: dict[Origin, Origin | None] = {}
        self._came_back: dict[Origin, set[TableName]] = {}
        self._suspects: Sequence[frozenset[TableName]] = ()
        self._homes: dict[int, Table] = {}

    def begin(self, step: Origin) -> None:
        """Note which step runs now. Steps may run again, always in the same order."""
        self._order.setdefault(step, len(self._order))
        self._step = step

    def came_back(self, items: Iterable[Item]) -> None:
        """Note that a step put these back."""
        for item in items:
            self._came_back.setdefault(item.checksum, set()).add(item.table)

    def blame(self, suspects: Sequence[frozenset[TableName]]) -> None:
        """Note in which tables rows may be why the step under way fails, the most likely ones first."""
        self._suspects = suspects

    def give_way(self) -> bool:
        """Let the rows wait that may be why the step failed, until it has run; False if none of them came back before.

        Whoever calls it runs the steps again. A migration that counts on the rows another one has just made then finds
        them as on a fresh database.
        """
        suspects, came_back = self._suspects, self._came_back
        self._suspects, self._came_back, self._homes = (), {}, {}
        if not (suspects and came_back):
            return False
        named = ({origin for origin, own in came_back.items() if not own.isdisjoint(one)} for one in suspects)
        self._until |= dict.fromkeys(next(filter(None, named), set(came_back)), self._step)
        return True

    def follow(self, items: Iterable[Item]) -> None:
        """Let items wait as long as the rows they need: until the last step for which any wait, or for a commit."""
        pending = [until for until in self._until.values() if until is not None and self._is_ahead(until)]
        self._until |= {item.checksum: max(pending, key=self._order.__getitem__, default=None) for item in items}

    def is_waiting(self, *, committed: bool = False) -> bool:
        """Whether any rows have to wait until after the step under way; or, `committed`, once that is."""
        return any(self._waits(until, committed=committed) for until in self._until.values())

    @property
    def is_for_commit(self) -> bool:
        """Whether any rows have to wait for a commit, and for no certain step."""
        return None in self._until.values()

    def end_transaction(self) -> None:
        """Nothing waits for the commit of this transaction any more: it came."""
        self._until = {origin: until for origin, until in self._until.items() if until is not None}

    def holds(self, item: Item, *, committed: bool = False) -> bool:
        """Whether these have to."""
        return item.checksum in self._until and self._waits(self._until[item.checksum], committed=committed)

    def _waits(self, until: Origin | None, *, committed: bool) -> bool:
        return not committed if until is None else self._is_ahead(until)

    def _is_ahead(self, step: Origin) -> bool:
        return self._order[self._step] < self._order[step]

    def note_homes(self, items: Iterable[Item], tables: Tables) -> None:
        """Remember which tables the waiting items belong to: later steps may rename these."""
        for item in items:
            if item.id not in self._homes and (table := tables.named(item.table)):
                self._homes[item.id] = table

    def at_home(self, item: Item) -> Item:
        """The item with the table it belongs to, if that is known."""
        return replace(item, home=self._homes.get(item.id))
