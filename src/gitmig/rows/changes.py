"""What a script did to rows, told from the tables before and after it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.rows.tables import Activity, Column, Table, Tables


class Extent(Enum):
    """How far a change of a table goes."""

    INSERTED = auto()  # rows came, and all that were there are as they were
    COLUMNS = auto()  # columns are gone or have another type; the rows are the same ones
    ROWS = auto()  # rows may be gone, changed or new


class TableChange(Struct, frozen=True, kw_only=True):
    """A table that was changed. `after` is what became of it, None if it is gone; `activity` what was done to its rows.

    `columns` are those of which values may be lost.
    """

    table: Table
    after: Table | None
    extent: Extent
    columns: tuple[Column, ...]
    activity: Activity

    @property
    def loses(self) -> bool:
        """Whether rows or values that were there may be gone."""
        return self.extent is not Extent.INSERTED and bool(self.table.filled)

    def __str__(self) -> str:
        if self.after is None:
            return f"table {self.table.name}"
        names = [column.name for column in changed_columns(self.table, self.after)]
        return f"{self.table.name} ({', '.join(names)})" if names else f"rows of {self.table.name}"


class Changes(Struct, frozen=True, kw_only=True):
    """Everything a script changed. `large_objects` counts those that are gone: they cannot be kept."""

    tables: tuple[TableChange, ...] = ()
    large_objects: int = 0

    def __bool__(self) -> bool:
        return bool(self.tables or self.large_objects)

    @property
    def losses(self) -> tuple[TableChange, ...]:
        """Those by which rows or values may be gone."""
        return tuple(change for change in self.tables if change.loses)


def find_changes(before: Tables, after: Tables, whole: Collection[int] = (), *, computes: bool = True) -> Changes:
    """What lies between two states of the tables; those in `whole` (oids) count as changed in all rows.

    `computes`: a table that was rewritten may have other values then (`TYPE … USING`).

    A table that was dropped and made again under its name lives on in the new one, and so does a column.
    """
    counted = before.counted and after.counted
    found = []
    # most are the very same
    looked_at = (t for t in before if not counted or t.oid in whole or after.by_oid.get(t.oid) != t)
    for table in sorted(looked_at, key=lambda table: table.name):
        if not _attached(table, after):
            heir = heir_of(table, before, after)
            all_rows = table.oid in whole or (not counted and bool(table.filled))
            rewritten = computes and heir is not None and not table.filled <= heir.files
            if change := _change(table, heir, all_rows=all_rows or rewritten):
                found.append(change)
    gone = max(0, before.large_objects - after.large_objects)
    return Changes(tables=tuple(found), large_objects=gone)


def change_of(table: Table, after: Table | None, columns: tuple[Column, ...]) -> TableChange:
    """What was done to a table of which all rows are looked at."""
    activity = table.activity
    if after is not None:
        activity = after.activity - table.activity if after.oid == table.oid else after.activity
    return TableChange(table=table, after=after, extent=Extent.ROWS, columns=columns, activity=activity)


def heir_of(table: Table, before: Tables, after: Tables) -> Table | None:
    """What became of a table: itself, or a new table that took its name."""
    if table.oid in after.by_oid:
        return after.by_oid[table.oid]
    named = after.named(table.name) or after.named(after.aliases.get(table.name, table.name))
    return named if named and named.oid not in before.by_oid else None


def successor(table: Table, column: Column, after: Table) -> Column | None:
    """What became of a column: itself, or a new column that took its name; None if no value can be found there."""
    if table.oid == after.oid:
        same = next((c for c in after.columns if c.number == column.number), None)
        if same is not None:
            return None if same.generated else same
    named = after.column(column.name)
    is_new = named is not None and (table.oid != after.oid or all(c.number != named.number for c in table.columns))
    return named if named and is_new and not named.generated else None


def changed_columns(table: Table, after: Table) -> tuple[Column, ...]:
    """The columns that are gone, made anew, or of another type, if only in a part of it; or have another one's name.

    A down that makes the other column anew, and does not know where its name comes from, leaves the values in the wrong
    one.
    """
    return tuple(
        column
        for column in table.stored
        if (heir := successor(table, column, after)) is None
        or heir.type != column.type
        or not column.parts <= heir.parts
        or (table.oid == after.oid and heir.number != column.number)
        or (heir.name != column.name and table.column(heir.name) is not None)
    )


def lasting_key(table: Table, after: Table | None) -> tuple[Column, ...]:
    """The columns that tell rows apart, if they are there on both sides; of `after`'s own key, if the table has none.

    They need not have the same type: 5 is '5'.
    """
    if after is None:
        return table.key_columns
    heirs = [successor(table, column, after) for column in table.key_columns]
    if heirs and all(heirs):
        return table.key_columns
    return ()


def _attached(table: Table, after: Tables) -> bool:
    """Whether it has become a partition of another table, rows and all."""
    return table.oid not in after.by_oid and any(table.oid == oid for other in after for oid, _ in other.files)


def _change(table: Table, after: Table | None, *, all_rows: bool) -> TableChange | None:
    extent = Extent.ROWS
    columns = table.stored
    if after is None:
        if not table.filled and not all_rows:
            return None
        return TableChange(table=table, after=None, extent=extent, columns=columns, activity=table.activity)
    activity = after.activity - table.activity if after.oid == table.oid else after.activity
    if not (all_rows or after.oid != table.oid or _lost_files(table, after, activity)):
        changed = changed_columns(table, after) if table.filled else ()
        if activity.updated or activity.deleted or (changed and activity.inserted):
            extent = Extent.ROWS
        elif changed:
            extent = Extent.COLUMNS
            key = lasting_key(table, after)
            columns = tuple(c for c in table.stored if c in key or c in changed) if key else table.stored
        elif activity.inserted:
            extent = Extent.INSERTED
        else:
            return None
    elif not table.filled and not activity.written and not all_rows:
        return None
    return TableChange(table=table, after=after, extent=extent, columns=columns, activity=activity)


def _lost_files(table: Table, after: Table, activity: Activity) -> bool:
    """Whether rows may be gone with the files they were in: a table that is only rewritten keeps all of them."""
    if table.filled <= after.files:
        return False
    leaves = {leaf for leaf, _ in table.filled}
    return bool(activity.written) or not leaves <= {leaf for leaf, _ in after.filled}
