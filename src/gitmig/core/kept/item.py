"""What was kept of one table by one step, and how it is described to people and in the ledger."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gitmig.core.migration import label

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from gitmig.core.kept.shape import Table, TableName
    from gitmig.core.plan import Direction


# What these took is no migration's, and no step brings it back.
DRIFT, REBUILD = "drift", "rebuild"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The migration a step belongs to. `checksum` is that of its up.

    `text` is the SQL that runs, `opposite` that of the migration's other section; None: not known. By their words
    steps are told that need no trial.
    """

    version: str
    name: str
    checksum: str
    text: str | None = None
    opposite: str | None = None

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return label(self.version, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptColumn:
    """A column of a kept table.

    `name` and `type` are those it had before the step; `heir` is what it was called after the step, None if the step
    took it away. `data` is the column of the kept copy that holds the value from before the step, `image` the one
    that holds what the step made of it, as text. `native`: the copy has the column's own type, else text. `key`: it
    is one of those that tell rows apart. `like`: where there is no key, it is one of those that are compared instead.
    `composite`: its text is JSON, in which the parts of a value have their names and not just an order.
    """

    name: str
    type: str
    heir: str | None
    data: str
    image: str | None
    native: bool
    key: bool
    like: bool
    composite: bool = False

    def to_json(self) -> dict[str, Any]:
        """As it is in the ledger."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one step took from one table. The rows are in table `data` of schema gitmig_kept.

    `table` is its name before the step, `heir` after it, None if the step dropped it. `due`: the opposite step ran,
    so that the rows are to be put back as soon as there is a place for them; `reason` is why some are still here.
    `home` is the table they belong to as it was when the plan under way came to that step: later steps may rename it.
    """

    id: int
    version: str
    migration: str
    checksum: str
    direction: Direction
    table: TableName
    heir: TableName | None
    columns: tuple[KeptColumn, ...]
    rows: int
    bytes: int
    kept_at: datetime
    kept_by: str
    commit: str | None
    data: str
    due: bool
    reason: str | None
    home: Table | None = None

    @property
    def label(self) -> str:
        """The migration whose step took it, as it is named to people."""
        return label(self.version, self.migration)

    @property
    def comes_back(self) -> bool:
        """Whether there is a step that brings it back."""
        return self.checksum not in {DRIFT, REBUILD}

    @property
    def key(self) -> tuple[KeptColumn, ...]:
        """The columns that tell rows apart; none if there were none."""
        return tuple(column for column in self.columns if column.key)

    @property
    def lost(self) -> tuple[KeptColumn, ...]:
        """The columns the step took away."""
        return tuple(column for column in self.columns if column.heir is None)

    @property
    def common(self) -> tuple[KeptColumn, ...]:
        """The columns that were there on both sides of the step."""
        return tuple(column for column in self.columns if column.heir is not None)

    def waits_for(self, missing: Collection[str]) -> bool:
        """Whether nothing of it has a place as long as these columns are missing from the table."""
        names = {column.name for column in self.lost}
        has_images = any(column.image for column in self.columns)
        return self.heir is not None and bool(names) and names <= set(missing) and not has_images

    @property
    def what(self) -> str:
        """`comments`, or `comments (body, author)` where the table itself stayed."""
        names = [column.name for column in self.lost]
        return f"{self.table} ({', '.join(names)})" if names and self.heir is not None else str(self.table)
