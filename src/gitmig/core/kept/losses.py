"""What a step takes away, found by comparing the shapes before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.core.kept.shape import Column, Shape, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A table that loses rows or values. `after` is what became of it, None if it is gone.

    `columns` are those that have to be kept; `rewritten` says that rows may be gone or changed, so that all of them
    have to be kept until it is known which.
    """

    table: Table
    after: Table | None
    columns: tuple[Column, ...]
    rewritten: bool

    @property
    def lost(self) -> tuple[Column, ...]:
        """The columns that are gone."""
        after = self.after
        return tuple(c for c in self.columns if after is None or successor(self.table, c, after) is None)

    def __str__(self) -> str:
        if self.after is None:
            return f"table {self.table.name}"
        names = [column.name for column in changed_columns(self.table, self.after)]
        return f"{self.table.name} ({', '.join(names)})" if names else f"rows of {self.table.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Everything a step takes away. `large_objects` counts those that are gone: they cannot be kept."""

    tables: tuple[Loss, ...] = ()
    large_objects: int = 0

    def __bool__(self) -> bool:
        return bool(self.tables or self.large_objects)


def find_losses(before: Shape, after: Shape, whole: Collection[int] = ()) -> Losses:
    """What lies between two shapes. Tables without rows lose nothing; those in `whole` (oids) are kept with all rows.

    A table that was dropped and made again under its name lives on in the new one, and so does a column.
    """
    counted = before.counted and after.counted
    found = []
    for oid, table in sorted(before.tables.items(), key=lambda pair: pair[1].name):
        if (table.filled or oid in whole) and not _attached(table, after):
            heir = heir_of(table, before, after)
            if loss := _loss(table, heir, touched=oid in whole or not counted):
                found.append(loss)
    gone = max(0, before.large_objects - after.large_objects)
    return Losses(tables=tuple(found), large_objects=gone)


def heir_of(table: Table, before: Shape, after: Shape) -> Table | None:
    """What became of a table: itself, or a new table that took its name."""
    if table.oid in after.tables:
        return after.tables[table.oid]
    named = after.named(table.name)
    return named if named and named.oid not in before.tables else None


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
    """The columns that are gone, made anew, or of another type, if only in a part of it."""
    return tuple(
        column
        for column in table.stored
        if (heir := successor(table, column, after)) is None
        or heir.type != column.type
        or not column.parts <= heir.parts
        or (table.oid == after.oid and heir.number != column.number)
    )


def lasting_key(table: Table, after: Table | None) -> tuple[Column, ...]:
    """The columns that tell rows apart, if they are still there after the step with the same type."""
    if after is None:
        return tuple(c for c in table.columns if c.number in table.key)
    key = [c for c in table.columns if c.number in table.key]
    heirs = [successor(table, column, after) for column in key]
    return tuple(key) if key and all(heirs) and not any(c.generated for c in key) else ()


def _attached(table: Table, after: Shape) -> bool:
    """Whether it has become a partition of another table, rows and all."""
    return table.oid not in after.tables and any(
        table.oid == oid for other in after.tables.values() for oid, _ in other.files
    )


def _loss(table: Table, after: Table | None, *, touched: bool) -> Loss | None:
    if after is None:
        return Loss(table=table, after=None, columns=table.stored, rewritten=True)
    rewritten = touched or table.oid != after.oid or after.changes != table.changes or not table.filled <= after.files
    changed = changed_columns(table, after)
    key = lasting_key(table, after)
    if rewritten or (changed and not key):
        return Loss(table=table, after=after, columns=table.stored, rewritten=rewritten)
    if not changed:
        return None
    columns = tuple(column for column in table.stored if column in key or column in changed)
    return Loss(table=table, after=after, columns=columns, rewritten=False)
