"""Where kept rows belong: the table as it is now, and which of its columns take which kept values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.database.kept.matching import EVERY, Pair, joined, table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from psycopg import sql

    from gitmig.core.kept.item import KeptColumn
    from gitmig.core.kept.shape import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Kept rows in `data` and the table they belong to; `missing` are columns the table does not have (yet).

    `marks` is a table that says which values nobody changed since the step made them; None: there are none. `force`:
    kept values win in any case.
    """

    data: str
    table: Table
    pairs: tuple[Pair, ...]
    missing: tuple[KeptColumn, ...]
    marks: str | None = None
    force: bool = False

    @property
    def key(self) -> tuple[Pair, ...]:
        """The columns that tell rows apart."""
        return tuple(pair for pair in self.pairs if pair.kept.key)

    def matched(self, how: str = "JOIN", only: sql.Composable = EVERY) -> sql.Composable:
        """`k JOIN t`: kept rows, or `only` some of them, with the rows of the table they are the same as."""
        return joined(self.data, self.pairs, self.table, how, only)

    @property
    def source(self) -> sql.Composable:
        """The table as it stands in FROM, UPDATE and DELETE."""
        return table_name(self.table)


def find_place(
    data: str,
    columns: Iterable[KeptColumn],
    table: Table,
    name_of: Callable[[KeptColumn], str | None],
    marks: str | None = None,
) -> Place | None:
    """The place of kept rows in a table; None if the columns by which rows are known are not there."""
    pairs, missing = [], []
    for kept in columns:
        name = name_of(kept)
        column = table.column(name) if name is not None else None
        if column is None:
            missing.append(kept)
        elif not column.generated:
            pairs.append(Pair(kept=kept, column=column, table=table.name))
    if any(kept.key for kept in missing) or not pairs:
        return None
    return Place(data=data, table=table, pairs=tuple(pairs), missing=tuple(missing), marks=marks)
