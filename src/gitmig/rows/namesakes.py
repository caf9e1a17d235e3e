"""What takes over the rows and values of what went under its name: the same to people, made by other migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitmig.migrations.plan import Direction
from gitmig.rows.reach import words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gitmig.rows.items import Item, Kept, Subject
    from gitmig.rows.store import Store
    from gitmig.rows.tables import Table, TableName, TableReader


class OtherTables:
    """Of one plan: the tables (oids) that are no heirs of those that went, whatever they are called.

    These are the ones that were there when the first table went, or the first apply began; and what a later revert
    makes, for that is of an earlier time. What a revert that fell short gets repaired is what it had dropped itself.
    """

    def __init__(self, store: Store, reader: TableReader) -> None:
        self._store = store
        self._reader = reader
        self._oids: set[int] = set()
        self._before: set[int] | None = None
        self._took = ""  # the last revert that took whole tables, by checksum
        self._applies = False
        self._names: frozenset[TableName] = frozenset()  # of the tables that are gone when the first apply begins
        self._homes: dict[TableName, tuple[str, Table]] = {}  # what got such a name, and by which step (checksum)

    def begin(self, subject: Subject, direction: Direction) -> None:
        """To be called before each step."""
        self._before = None
        if direction is Direction.APPLY and not self._applies:
            self._applies = True
            self._oids.update(self._store.tables())
            self._names = self._store.gone_tables()
        elif direction is Direction.REVERT and self._took not in {"", subject.checksum} and _may_make_tables(subject):
            self._before = set(self._store.tables())

    def end(self, subject: Subject, direction: Direction, *, takes_tables: bool) -> None:
        """To be called behind each step; whether it took whole tables."""
        if direction is Direction.REVERT and takes_tables and not self._took:
            self._oids.update(self._store.tables())
        elif self._before is not None:
            self._oids.update(set(self._store.tables()) - self._before)
        elif direction is Direction.APPLY and self._names and _may_make_tables(subject):
            self._note_homes(subject.checksum)
        if direction is Direction.REVERT and takes_tables:
            self._took = subject.checksum

    def _note_homes(self, step: str) -> None:
        """Note which tables have the names now of those that went: later steps may call them otherwise."""
        tables = self._reader.read_named({name.name for name in self._names}, ()) or self._reader.read()
        for table in tables:
            if table.name in self._names and table.oid not in self._oids:
                first, _ = self._homes.get(table.name, (step, table))
                if first == step:  # it may run again
                    self._homes[table.name] = step, table

    def find(self, present: Collection[str]) -> list[Item]:
        """What went and has a place again, with these checksums applied at the end of the plan."""
        if not (self._applies or self._took):
            return []
        there = set(self._store.tables()) if self._homes else set()
        homes = {name: table for name, (_, table) in self._homes.items() if table.oid in there}
        items = self._store.with_namesakes(present, sorted(self._oids), [name.full for name in homes])
        return [replace(item, home=homes.get(item.table)) for item in items]


class EditedColumns:
    """Of one plan: values of columns whose migrations go for good, where others come in another version.

    Somebody may have split a migration, or joined two, and edited another one. The values belong to columns of the same
    name and type that the plan makes in the same table. Without an edit these are other columns, perhaps of a branch.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._items: list[int] = []
        self._there: set[tuple[int, int]] | None = None
        self._is_edit = False

    def begin(self, subject: Subject, direction: Direction) -> None:
        """To be called before each step."""
        self._is_edit = self._is_edit or subject.edited
        if direction is Direction.APPLY and self._there is None and self._is_edit:
            self._there = self._store.columns_of(self._items) if self._items else set()

    def fill(self, item: Item) -> bool:
        """Whether the plan will end with values for columns of which an item holds originals: then all go together."""
        originals = {(column.name, column.type) for column in item.lost if column.stood}
        taken = [self._store.item(number) for number in self._items] if originals and self._is_edit else []
        return any(
            one.table == item.heir and not originals.isdisjoint((column.name, column.type) for column in one.lost)
            for one in taken
        )

    def end(self, direction: Direction, kept: Iterable[Kept]) -> None:
        """To be called behind each step, with what it took."""
        if direction is Direction.REVERT:
            self._items += [one.item for one in kept if one.columns]

    def find(self, present: Collection[str]) -> list[Item]:
        """What went and has a place again, with these checksums applied at the end of the plan."""
        if not self._items or self._there is None:
            return []
        now = self._store.columns_for(self._items)
        old = {item for item, *column in now if tuple(column) in self._there}  # whatever it was called
        new = {item for item, *_ in now} - old
        items = [self._store.item(number) for number in sorted(new)]
        return [item for item in items if item.checksum not in present and not item.due]


def _may_make_tables(subject: Subject) -> bool:
    words = words_of(subject.text)
    return words is None or not words.isdisjoint({"create", "rename", "select", "schema", "do", "call"})
