"""Everything that comes along from the old database into the new one, in the order in which it can."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from gitmig.core.carrying import plan_load
from gitmig.database.rebuild.aside import Asides
from gitmig.database.rebuild.bringing import bring_along
from gitmig.database.rebuild.carrying import carry, set_table_aside
from gitmig.database.rebuild.holding import hold, release, unhide
from gitmig.database.rebuild.large_objects import carry_large_objects
from gitmig.database.rebuild.sequences import carry_positions
from gitmig.database.rebuild.tables import count_rows, read_kept, read_tables
from gitmig.database.rebuild.views import refresh_views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection
    from gitmig.database.rebuild.aside import Aside, Loser
    from gitmig.database.rebuild.carrying import Carried


class MoveObserver(Protocol):
    """Is told how far the rows are."""

    def carrying(self, table: str, position: int, count: int) -> None:
        """The rows of this table are next, the `position`-th of `count`."""


@dataclass(slots=True, kw_only=True)
class Moved:
    """What came along, what was set aside, and what a person should know of besides."""

    carried: list[Carried] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def move(old: Connection, new: Connection, ignore: Sequence[str], loser: Loser, observer: MoveObserver) -> Moved:
    """Carry rows, sequence positions and large objects; both sessions must be settled, and the old one frozen.

    `ignore` are the patterns of what is not the migrations' business; `loser` is on whose account rows without a place
    are kept. Raises GitmigError naming what cannot come along.
    """
    moved = Moved()
    unhide(old)
    moved.notes += bring_along(old, new, ignore)
    asides = Asides(new, loser)
    held = hold(new)
    _move_kept(old, new, asides)
    _move_tables(old, new, asides, observer, moved)
    refused = release(new, held, asides)
    moved.carried = [_without(carried, refused) for carried in moved.carried]
    moved.aside += refused
    moved.notes += [f"sequence {name} cannot have its old position" for name in carry_positions(old, new)]
    carry_large_objects(old, new)
    moved.notes += [f"materialized view {text}" for text in refresh_views(old, new)]
    return moved


def _move_kept(old: Connection, new: Connection, asides: Asides) -> None:
    """What was kept before comes first: its numbers are taken."""
    filled = [table for table in read_kept(old) if count_rows(old, table)]
    for way in plan_load(filled, read_kept(new)).carries:
        carry(old, new, way, asides)


def _move_tables(old: Connection, new: Connection, asides: Asides, observer: MoveObserver, moved: Moved) -> None:
    load = plan_load(read_tables(old), read_tables(new))
    for position, way in enumerate(load.carries, 1):
        observer.carrying(way.old.label, position, len(load.carries))
        carried = carry(old, new, way, asides)
        moved.carried.append(carried)
        moved.aside += carried.aside
    moved.aside += [aside for table in load.lost if (aside := set_table_aside(old, table, asides))]


def _without(carried: Carried, refused: Sequence[Aside]) -> Carried:
    """Less those that a foreign key refused afterwards."""
    return replace(carried, rows=carried.rows - sum(aside.rows for aside in refused if aside.table == carried.table))


def total(moved: Sequence[Carried]) -> int:
    """How many rows there are in all."""
    return sum(carried.rows for carried in moved)
