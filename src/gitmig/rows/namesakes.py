"""Tables that take over the rows of those that went under their names: the same to people, made by other migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.migrations.plan import Direction
from gitmig.rows.reach import words_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.rows.items import Item, Subject
    from gitmig.rows.store import Store


class OtherTables:
    """Of one plan: the tables (oids) that are no heirs of those that went, whatever they are called.

    These are the ones that were there when the first table went, or the first apply began; and what a later revert
    makes, for that is of an earlier time. What a revert that fell short gets repaired is what it had dropped itself.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._oids: set[int] = set()
        self._before: set[int] | None = None
        self._took = ""  # the last revert that took whole tables, by checksum
        self._applies = False

    def begin(self, subject: Subject, direction: Direction) -> None:
        """To be called before each step."""
        self._before = None
        if direction is Direction.APPLY and not self._applies:
            self._applies = True
            self._oids.update(self._store.tables())
        elif direction is Direction.REVERT and self._took not in {"", subject.checksum} and _may_make_tables(subject):
            self._before = set(self._store.tables())

    def end(self, subject: Subject, direction: Direction, *, takes_tables: bool) -> None:
        """To be called behind each step; whether it took whole tables."""
        if direction is Direction.REVERT and takes_tables and not self._took:
            self._oids.update(self._store.tables())
        elif self._before is not None:
            self._oids.update(set(self._store.tables()) - self._before)
        if direction is Direction.REVERT and takes_tables:
            self._took = subject.checksum

    def find(self, present: Collection[str]) -> list[Item]:
        """What went and has a place again, with these checksums applied at the end of the plan."""
        return self._store.with_namesakes(present, sorted(self._oids)) if self._applies or self._took else []


def _may_make_tables(subject: Subject) -> bool:
    words = words_of(subject.text)
    return words is None or not words.isdisjoint({"create", "rename", "select", "schema", "do", "call"})
