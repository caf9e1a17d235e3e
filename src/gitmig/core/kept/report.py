"""What a step did with rows, as it is told to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.core.kept.shape import TableName

GIGABYTE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one step may keep, in bytes, and for how many days it stays."""

    bytes: int = GIGABYTE
    days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Rows a step took away. `columns` are the ones it took; empty: whole rows. `bytes` on disk.

    `why` is what PostgreSQL said of a row that does not fit the schema after the step; None: nothing was tried.
    """

    item: int
    table: TableName
    columns: tuple[str, ...]
    rows: int
    bytes: int
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Rows of a table that got back what an earlier step had taken."""

    table: TableName
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """Rows that could not be put back, and stay kept; `why` is what PostgreSQL said of one of them.

    `later`: they will be tried again, once the transaction is committed or the rows they need are there.
    """

    item: int
    table: TableName
    rows: int
    why: str
    later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a step did with rows. `aside` are tables whose rows were taken out of its way and put back afterwards."""

    kept: tuple[Kept, ...] = ()
    restored: tuple[Restored, ...] = ()
    staying: tuple[Staying, ...] = ()
    aside: tuple[TableName, ...] = ()

    @property
    def waiting(self) -> frozenset[int]:
        """The items of which rows will be tried again."""
        return frozenset(staying.item for staying in self.staying if staying.later)

    @property
    def refused(self) -> frozenset[int]:
        """The items of which rows have no place now."""
        return frozenset(staying.item for staying in self.staying) - self.waiting

    def __bool__(self) -> bool:
        return bool(self.kept or self.restored or self.staying or self.aside)
