"""The law of rows between lineages: whoever wanders through other histories and comes home finds all rows.

GITMIG_LAW_EXAMPLES says how many examples to try; then they are others each time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.law.case import LONG
from tests.law.lineages import VALUES, Call, Drop, Fill, Move, Remove, Rename, Require, Retype, journeys, played
from tests.law.tour import difference, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.law.lineages import Journey, Shape
    from tests.law.tour import Databases, Tour

EXAMPLES = int(os.environ.get("GITMIG_LAW_EXAMPLES", "8"))
# What makes it a matter of opinion which table, or which column, is which; and what writes into rows.
MOVING = (Rename, Call, Move, Drop)
WRITING = (Retype, Remove, Require, Fill)
FIRST = 100  # about the number of the first row that is made elsewhere
Row = dict[str, str | None]
Rows = dict[str, dict[int, Row]]  # by table and number

tried = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    phases=(Phase.generate,),  # to make an example small takes longer than to understand it
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


@tried
@given(journey=journeys())
def test_nobody_loses_a_row_to_another_lineage(databases: Databases, journey: Journey) -> None:
    assume(journey.stops)
    tour = databases.tour()
    home = played(journey.home)[0]
    try:
        tour.sync(home)
        tour.people(journey.rows or "SELECT 1")
        rows = tour.rows()
        for _ in range(2):
            for stop in journey.stops:
                tour.sync(played(stop)[0])
                tour.rows()
            tour.sync(home)
            faults = difference(rows, tour.rows()) + [f"kept for nothing: {one}" for one in tour.stuck()]
            assert not faults, "\n".join([*faults, "-- the story", str(tour)])
    finally:
        databases.drop()


@tried
@given(journey=journeys(), data=st.data())
def test_what_people_do_in_another_lineage_comes_home(
    databases: Databases, journey: Journey, data: st.DataObject
) -> None:
    """Rows they put in, take out and change, in tables that both have under one name, with a key or without one."""
    lineages = (journey.home, *journey.stops)
    kinds = {type(change) for lineage in lineages for migration in lineage for change in migration.changes}
    shapes = [played(lineage)[1] for lineage in lineages]
    assume(journey.stops and kinds.isdisjoint(MOVING))
    assume(not any(one.refers for shape in shapes for table in shape.values() for one in table.columns.values()))
    work = Work(databases.tour(), shapes, data.draw, tells_values=kinds.isdisjoint(WRITING))
    try:
        work.tour.sync(played(journey.home)[0])
        work.tour.people(journey.rows or "SELECT 1")
        work.expect_what_is_there()
        for _ in range(2):
            for stop in journey.stops:
                work.tour.sync(played(stop)[0])
                work.do_something(played(stop)[1])
                work.tour.rows()
            work.tour.sync(played(journey.home)[0])
            work.tour.rows()
            faults = [*work.faults(), *(f"kept for nothing: {one}" for one in work.tour.stuck())]
            assert not faults, "\n".join([*faults, "-- the story", str(work.tour)])
            work.expect_what_is_there()
    finally:
        databases.drop()


class Work:
    """What people do on a tour, and what has to be at home afterwards; that is the first of the `shapes`.

    A value that nobody can tell is not in `expected`.
    """

    def __init__(
        self, tour: Tour, shapes: Sequence[Shape], draw: Callable[[st.SearchStrategy], object], *, tells_values: bool
    ) -> None:
        self.tour = tour
        self.expected: Rows = {}
        self._home = shapes[0]
        self._shapes = shapes
        self._draw: Callable[..., object] = draw
        self._tells_values = tells_values
        self._number = FIRST

    def expect_what_is_there(self) -> None:
        """But for defaults that stand in for values which home cannot hold: `now()` is another one each time."""
        self.expected = self._rows(self._home)
        for table, rows in self.expected.items():
            for number, row in rows.items():
                for name in [name for name in row if number >= FIRST and not self._has_one_type(table, name)]:
                    del row[name]

    def do_something(self, shape: Shape) -> None:
        """Up to two things in each table that is at home, too."""
        for table in shape.keys() & self._home.keys():
            for act in self._draw(st.lists(st.sampled_from([self._insert, self._delete, self._update]), max_size=2)):  # type: ignore[attr-defined]
                act(shape, table)

    def faults(self) -> list[str]:
        found, there = [], self._rows(self._home)
        for table, rows in self.expected.items():
            for number in sorted(rows.keys() | there[table].keys()):
                wanted, row = rows.get(number), there[table].get(number)
                if wanted is None or row is None:
                    found.append(f"{table}: row {number} is {'there' if wanted is None else 'lost'}: {row or wanted}")
                elif wrong := {name: row[name] for name in wanted if wanted[name] != row[name]}:
                    found.append(f"{table}: row {number} has {wrong}, not {wanted}")
        return found

    def _insert(self, shape: Shape, table: str) -> None:
        self._number += 1
        columns = shape[table].columns
        values = [str(self._draw(st.sampled_from(VALUES[column.type]))) for column in columns.values()]
        names = ", ".join(["id", *columns])
        self.tour.people(f"INSERT INTO {table} ({names}) VALUES ({', '.join([str(self._number), *values])});")
        row = self._rows(shape)[table][self._number]
        self.expected[table][self._number] = {name: row[name] for name in columns if self._tells(shape, table, name)}

    def _delete(self, shape: Shape, table: str) -> None:
        if rows := self._rows(shape)[table]:
            number = self._draw(st.sampled_from(sorted(rows)))
            self.tour.people(f"DELETE FROM {table} WHERE id = {number};")
            self.expected[table].pop(number, None)  # type: ignore[call-overload]

    def _update(self, shape: Shape, table: str) -> None:
        rows, columns = self._rows(shape)[table], shape[table].columns
        if not rows or not columns:
            return
        number, name = self._draw(st.sampled_from(sorted(rows))), self._draw(st.sampled_from(sorted(columns)))
        value = self._draw(st.sampled_from(VALUES[columns[name].type]))  # type: ignore[index]
        self.tour.people(f"UPDATE {table} SET {name} = {value} WHERE id = {number};")
        expected = self.expected[table].get(number, {})  # type: ignore[call-overload]
        expected.pop(name, None)
        if not all(one[table].keyed for one in self._shapes if table in one):
            # what was not there is nobody's any more: without a key, a row that was changed is another one
            for other in expected.keys() - columns.keys():
                del expected[other]
        if expected and self._tells(shape, table, name):
            expected[name] = self._rows(shape)[table][number][name]  # type: ignore[index]

    def _tells(self, shape: Shape, table: str, name: object) -> bool:
        """Whether a value has to be the same at home."""
        ours, theirs = (one[table].columns.get(str(name)) for one in (self._home, shape))
        return self._tells_values and ours is not None and theirs is not None and ours.type == theirs.type

    def _has_one_type(self, table: str, name: str) -> bool:
        columns = [shape[table].columns.get(name) for shape in self._shapes if table in shape]
        return len({column.type for column in columns if column}) == 1

    def _rows(self, shape: Shape) -> Rows:
        found: Rows = {}
        with reader(self.tour.url) as connection:
            for table, definition in shape.items():
                names = sorted(definition.columns)
                texts = ", ".join(["id", *(f"{name}::text" for name in names)])
                lines = connection.execute(f"SELECT {texts} FROM {table}".encode()).fetchall()
                found[table] = {number: dict(zip(names, values)) for number, *values in lines}
        return found
