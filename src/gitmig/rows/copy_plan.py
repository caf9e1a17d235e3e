"""Which rows of one database go into which table of another: decided here by name, performed by `copy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.rows.tables import Column, Table


class TableCopy(Struct, frozen=True, kw_only=True):
    """The way of one table's rows.

    `columns` are those both sides have. `binary` says that the rows can be handed over as they are. `lost` are the
    columns only the old side has. `misfit` is a column of the new side that no old row has a value for, although it
    needs one; None if there is none.
    """

    old: Table
    new: Table
    columns: tuple[str, ...]
    binary: bool
    lost: tuple[str, ...]
    misfit: str | None = None


class CopyPlan(Struct, frozen=True, kw_only=True):
    """Everything that is copied, and the tables that the new side does not have; in order of name."""

    copies: tuple[TableCopy, ...]
    lost: tuple[Table, ...]


def plan_copy(old: Iterable[Table], new: Iterable[Table]) -> CopyPlan:
    """Pair the tables by schema and name, and their columns by name.

    A table that shares no column with its namesake counts as another table.
    """
    namesakes = {table.name: table for table in new}
    copies = []
    lost = []
    for table in sorted(old, key=lambda table: table.name):
        namesake = namesakes.get(table.name)
        copy = _copy(table, namesake) if namesake else None
        if copy and copy.columns:
            copies.append(copy)
        else:
            lost.append(table)
    return CopyPlan(copies=tuple(copies), lost=tuple(lost))


def _copy(old: Table, new: Table) -> TableCopy:
    into = {column.name: column for column in new.stored}
    shared = [column for column in old.columns if column.name in into]
    had = {column.name for column in old.columns}
    return TableCopy(
        old=old,
        new=new,
        columns=tuple(column.name for column in shared),
        binary=all(_same_form(column, into[column.name]) for column in shared),
        lost=tuple(column.name for column in old.stored if column.name not in into),
        misfit=next((column.name for column in new.columns if column.required and column.name not in had), None),
    )


def _same_form(old: Column, new: Column) -> bool:
    return old.portable and new.portable and old.type == new.type
