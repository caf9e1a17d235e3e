"""Which rows of one database go into which table of another: decided here by name, carried elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    `portable` says that its binary form means the same in every database: no type of the user's, no object number.
    `stored` is False for a generated column; `required` columns have to be given, for there is no default.
    """

    name: str
    type: str
    portable: bool = True
    stored: bool = True
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with rows of its own, or a partitioned one with those of all its partitions.

    `key` are the columns of its primary key, empty if it has none.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    partitioned: bool = False

    @property
    def label(self) -> str:
        """How people read its name."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Everything that is carried, and the tables that the new side does not have."""

    carries: tuple[Carry, ...]
    lost: tuple[Table, ...]


def plan_load(old: Sequence[Table], new: Sequence[Table]) -> Load:
    """Pair the tables by schema and name, and their columns by name.

    A table that shares no column with its namesake counts as another table.
    """
    namesakes = {(table.schema, table.name): table for table in new}
    carries = []
    lost = []
    for table in old:
        namesake = namesakes.get((table.schema, table.name))
        carry = _carry(table, namesake) if namesake else None
        if carry and carry.columns:
            carries.append(carry)
        else:
            lost.append(table)
    return Load(carries=tuple(carries), lost=tuple(lost))


def _carry(old: Table, new: Table) -> Carry:
    into: Mapping[str, Column] = {column.name: column for column in new.columns}
    had = {column.name for column in old.columns}
    shared = [column for column in old.columns if column.name in into and into[column.name].stored]
    return Carry(
        old=old,
        new=new,
        columns=tuple(column.name for column in shared),
        binary=all(_same_form(column, into[column.name]) for column in shared),
        lost=tuple(
            column.name
            for column in old.columns
            if column.stored and not (column.name in into and into[column.name].stored)
        ),
        misfit=next((column.name for column in new.columns if column.required and column.name not in had), None),
    )


def _same_form(old: Column, new: Column) -> bool:
    return old.portable and new.portable and old.type == new.type
