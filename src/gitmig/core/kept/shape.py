"""The tables of a database as far as their rows could get lost: read before and after a step, and compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table's schema and name, as they are in the catalogs."""

    schema: str
    name: str

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. `number` is its identity within the table and survives a rename.

    `type` is as PostgreSQL writes it, with its modifier; `plain` the same without, for casts that must not truncate.
    `builtin`: no migration can drop the type. `always` is GENERATED ALWAYS AS IDENTITY. `defaulted`: rows get a value
    here by themselves, perhaps another one each time. `generated` columns are computed from the others and hold
    nothing of their own. `parts` are the attributes of the composite types that the type is made of, however deep:
    (type, number, type of the attribute).
    """

    number: int
    name: str
    type: str
    plain: str = ""
    builtin: bool = True
    generated: bool = False
    always: bool = False
    defaulted: bool = False
    parts: frozenset[tuple[int, int, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; a partitioned one with the rows of all its partitions. `oid` is its identity and survives a rename.

    `files` are (oid, file) of everything rows are stored in, `filled` those that hold any. `key` are the numbers of
    the columns that tell its rows apart, none if nothing does. `changes` counts rows that the transaction updated or
    deleted so far. `bytes` is its size on disk.
    """

    oid: int
    name: TableName
    partitioned: bool = False
    files: frozenset[tuple[int, int]] = frozenset()
    filled: frozenset[tuple[int, int]] = frozenset()
    columns: tuple[Column, ...] = ()
    key: tuple[int, ...] = ()
    changes: int = 0
    bytes: int = 0

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that hold values of their own."""
        return tuple(column for column in self.columns if not column.generated)

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def renamed(self, name: str, now: Table) -> str:
        """What a column of that name is called `now` that later steps have been there; as before if it is gone."""
        column = self.column(name)
        heir = next((other for other in now.columns if column and other.number == column.number), None)
        return heir.name if heir else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Every table by its oid; `large_objects` is how many there are; `counted` is False if row changes are unknown."""

    tables: Mapping[int, Table] = field(default_factory=dict)
    large_objects: int = 0
    counted: bool = True

    def named(self, name: TableName) -> Table | None:
        """The table of that name."""
        return next((table for table in self.tables.values() if table.name == name), None)
