"""What is kept of one table on account of one step, why rows wait, and what a step did with rows."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field, to_builtins

from gitmig.migrations.model import label

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from gitmig.migrations.plan import Direction
    from gitmig.rows.tables import Partition, Table, TableName

# What these took is no migration's, and no step brings it back.
OTHERS = DRIFT, REBUILD, UNDO = "drift", "rebuild", "undo"
GIGABYTE = 1 << 30


class Kind(Enum):
    """What a row of a kept table is about; S is the side where it was kept from, T the one that the step led to."""

    GONE = "gone"  # it is in S and not in T
    PAIRED = "paired"  # it is in both; T cannot say it by itself
    MADE = "made"  # it is in T and not in S
    UNWANTED = "unwanted"  # the opposite step writes it anew, and S does not have it

    @property
    def is_theirs(self) -> bool:
        """Whether it holds what people of S have; the others only help to bring that back."""
        return self in {Kind.GONE, Kind.PAIRED}


class Reason(Enum):
    """Why a kept row is still kept although its step came."""

    TAKEN = "taken"  # another row has its key
    ORPHAN = "orphan"  # it refers to a row that is not there
    ROW_GONE = "row gone"  # its values belong to a row that somebody deleted
    CHANGED = "changed"  # both sides changed the value; the one that was written last counts
    UNSURE = "unsure"  # nobody can tell any more whether somebody changed it since
    REFUSED = "refused"  # PostgreSQL does not take it
    NO_PLACE = "no place"  # its table or column is not there
    LATER = "later"  # it waits for a commit, or for a row that waits
    MISFIT = "misfit"  # the schema that a revert led to could not hold it
    LENT = "lent"  # it is in its table as well, until the step comes that brings it back

    @property
    def may_pass(self) -> bool:
        """Whether it may hold no longer although nobody has done anything to the rows that are there."""
        return self in {Reason.ORPHAN, Reason.ROW_GONE, Reason.REFUSED}


class Subject(Struct, frozen=True, kw_only=True):
    """The migration a step belongs to. `checksum` is that of its up.

    `text` is the SQL that runs, `opposite` that of the migration's other section; None: not known. By their words
    steps are told that need no trial. `replaces` are the checksums of what the target has in another version: what
    these took from rows comes back with this one, too; so does what a version with the same label took that the plan
    does not apply (`coming` are the checksums of those it does): it was edited while the database was elsewhere.
    `edited`: the plan reverts it to apply it in another version. `renamed` are full names of tables, as SQL writes
    them, before and after the up: the same table, also if a down makes it anew.
    """

    version: str
    name: str
    checksum: str
    text: str | None = None
    opposite: str | None = None
    replaces: tuple[str, ...] = ()
    coming: frozenset[str] = frozenset()
    edited: bool = False
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        """How the migration is named to people."""
        return label(self.version, self.name)


class KeptColumn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a kept table.

    `name` and `type` are those it had before the step; `heir` is what it was called after the step, None if the step
    took it away. `data` is the column of the kept copy that holds the value from before the step, `image` the one that
    holds what the step made of it, as text; `like`: that is the same for all rows, and held once. `fresh` is what the
    opposite step alone would make of it, as text. `native`: the copy has the column's own type, else text. `key`: it is
    one of those that tell rows apart. `composite`: its text is JSON, with the value as it is written and as an object
    in which its parts have their names and not just an order; `parts` are these, as they were. `stood` is the column of
    the copy that holds, as text, what T had in its place when the value could not be put back.
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
    fresh: str | None = None
    parts: tuple[tuple[int, int, str], ...] = ()
    stood: str | None = None

    @property
    def held_type(self) -> str:
        """The type of the column `data` of the copy."""
        return self.type if self.native else "text"

    @property
    def shown(self) -> str | None:
        """The column of the copy that says what T has here; None: T has nothing."""
        if self.heir is None:
            return None
        return self.image or (self.data if self.key or self.like else None)

    def to_json(self) -> dict[str, Any]:
        """As it is in the ledger: without what is as in items of older versions, so that these read it, too."""
        found: dict[str, Any] = to_builtins(self)
        return found


class Inputs(Struct, frozen=True, kw_only=True):
    """The tables that a step reads only, and those it writes: by name, a digest of all their rows."""

    read: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)


NO_INPUTS = Inputs()


class Item(Struct, frozen=True, kw_only=True):
    """What one step took from one table. The rows are in table `data` of schema gitmig_kept.

    `table` is its name before the step, `heir` after it, None if the step dropped it. `rows` counts what people can get
    back; an item without any only helps the opposite step. `due`: the opposite step ran, so that the rows are to be put
    back as soon as there is a place for them; `reason` is why some are still here, `detail` what PostgreSQL said. `all`
    says that all rows are in it that the opposite step writes anew. `inputs` are the tables that step reads or writes.
    `partitions` are parts of the table that the step dropped. `warned`: people were told that no migration is there any
    more that brings it back. `home` is the table they belong to
    as it was when the plan under way came to that step: later steps may rename it.
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
    reason: Reason | None = None
    detail: str | None = None
    all: bool = False
    inputs: Inputs = NO_INPUTS
    partitions: tuple[Partition, ...] = ()
    warned: bool = False
    home: Table | None = None

    @property
    def label(self) -> str:
        """The migration whose step took it, as it is named to people."""
        return label(self.version, self.migration)

    @property
    def comes_back(self) -> bool:
        """Whether there is a step that brings it back."""
        return self.checksum not in OTHERS

    @property
    def lost(self) -> tuple[KeptColumn, ...]:
        """The columns the step took away."""
        return tuple(column for column in self.columns if column.heir is None)

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


class Limits(Struct, frozen=True, kw_only=True):
    """How much one step may keep, in bytes, and for how many days it stays."""

    bytes: int = GIGABYTE
    days: int = 90


class Kept(Struct, frozen=True, kw_only=True):
    """Rows a step took away. `columns` are the ones it took; empty: whole rows. `bytes` on disk.

    `why` is what PostgreSQL said of a row that does not fit the schema after the step; None: nothing was tried.
    """

    item: int
    table: TableName
    columns: tuple[str, ...]
    rows: int
    bytes: int
    why: str | None = None


class Restored(Struct, frozen=True, kw_only=True):
    """Rows of a table that got back what an earlier step had taken."""

    table: TableName
    rows: int


class Staying(Struct, frozen=True, kw_only=True):
    """Rows that could not be put back, and stay kept: why, and what PostgreSQL said of one of them, if it did."""

    item: int
    table: TableName
    rows: int
    reason: Reason
    detail: str | None = None

    @property
    def later(self) -> bool:
        """Whether they will be tried again, once the transaction is committed or the rows they need are there."""
        return self.reason is Reason.LATER


class Report(Struct, frozen=True, kw_only=True):
    """What a step did with rows. `aside` are tables whose rows were taken out of its way and put back afterwards.

    `settled` are the items for which there is nothing left to do.
    """

    kept: tuple[Kept, ...] = ()
    restored: tuple[Restored, ...] = ()
    staying: tuple[Staying, ...] = ()
    aside: tuple[TableName, ...] = ()
    settled: frozenset[int] = frozenset()

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
