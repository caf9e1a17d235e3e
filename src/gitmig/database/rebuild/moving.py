"""Everything that comes along from the old database into the new one, in the order in which it can."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from gitmig.database.rebuild.bringing import bring_along
from gitmig.database.rebuild.large_objects import carry_large_objects
from gitmig.database.rebuild.views import refresh_views
from gitmig.rows.constraints import hold, row_security
from gitmig.rows.copy import Asides, all_held, copy_table, set_table_aside
from gitmig.rows.copy_plan import plan_copy
from gitmig.rows.sequences import copy_positions
from gitmig.rows.tables import read_kept, read_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection
    from gitmig.rows.copy import Aside, Copied, KeptFor


class MoveObserver(Protocol):
    """Is told how far the rows are."""

    def carrying(self, table: str, position: int, count: int) -> None:
        """The rows of this table are next, the `position`-th of `count`."""


@dataclass(slots=True, kw_only=True)
class Moved:
    """What came along, what was set aside, and what a person should know of besides."""

    carried: list[Copied] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def move(old: Connection, new: Connection, ignore: Sequence[str], kept_for: KeptFor, observer: MoveObserver) -> Moved:
    """Carry rows, sequence positions and large objects; both sessions must be settled, and the old one frozen.

    `ignore` are the patterns of what is not the migrations' business; `kept_for` is on whose account rows without a
    place are kept. Raises GitmigError naming what cannot come along.
    """
    moved = Moved()
    hold(old, row_security(old))  # in its open transaction, which ends without a commit
    moved.notes += bring_along(old, new, ignore)
    asides = Asides(new, kept_for)
    with all_held(new, asides) as refused:
        _move_kept(old, new, asides)
        _move_tables(old, new, asides, observer, moved)
    moved.carried = [_without(copied, refused) for copied in moved.carried]
    moved.aside += refused
    moved.notes += [f"sequence {name} cannot have its old position" for name in copy_positions(old, new)]
    carry_large_objects(old, new)
    moved.notes += [f"materialized view {text}" for text in refresh_views(old, new)]
    return moved


def _move_kept(old: Connection, new: Connection, asides: Asides) -> None:
    """What was kept before comes first: its numbers are taken."""
    filled = [table for table in read_kept(old) if table.filled]
    for way in plan_copy(filled, read_kept(new)).copies:
        copy_table(old, new, way, asides)


def _move_tables(old: Connection, new: Connection, asides: Asides, observer: MoveObserver, moved: Moved) -> None:
    plan = plan_copy(read_tables(old), read_tables(new))
    for position, way in enumerate(plan.copies, 1):
        observer.carrying(way.old.name.full, position, len(plan.copies))
        copied = copy_table(old, new, way, asides)
        moved.carried.append(copied)
        moved.aside += copied.aside
    moved.aside += [aside for table in plan.lost if (aside := set_table_aside(old, table, asides))]


def _without(copied: Copied, refused: Sequence[Aside]) -> Copied:
    """Less those that a foreign key refused afterwards."""
    return replace(copied, rows=copied.rows - sum(aside.rows for aside in refused if aside.table == copied.table))


def total(moved: Sequence[Copied]) -> int:
    """How many rows there are in all."""
    return sum(copied.rows for copied in moved)
