"""The law of rows itself, on random tables, scripts and work of people; the oracle is plain SELECTs.

GITMIG_LAW_EXAMPLES says how many examples to try; then they are others each time, and a failing one is made small.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.law.case import LONG
from tests.law.stories import NEW_AT_T, SEEDS, Work, work, worlds
from tests.law.tour import BETWEEN, Scripts, difference

if TYPE_CHECKING:
    from tests.law.stories import World
    from tests.law.tour import Databases, Rows, Tables, Tour

EXAMPLES = int(os.environ.get("GITMIG_LAW_EXAMPLES", "8"))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    phases=(Phase.generate, Phase.shrink) if LONG else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(world=worlds(), data=st.data())
def test_rows_are_lossless_on_every_tour(databases: Databases, world: World, data: st.DataObject) -> None:
    try:
        Trial(databases.tour(), world, data).run()
    finally:
        databases.drop()


class Trial:
    """One world on its tours."""

    def __init__(self, tour: Tour, world: World, data: st.DataObject) -> None:
        self._tour = tour
        self._world = world
        self._draw: Any = data.draw  # as functions take it that are drawn from
        self._s = {"001_base": Scripts(up=world.base, down=None)}
        self._t = self._s | {f"{k:03}_step": step for k, step in enumerate(world.steps, 2)}

    def run(self) -> None:
        """Untouched tours, then one after work at T, then one after work at S."""
        s = self._go("S")
        self._tour.people(self._world.rows or "SELECT 1")
        s = self._tour.rows()
        t = self._go("T")
        self._untouched(s, t, self._draw(st.integers(1, 4 if LONG else 1)))
        t, done = self._work("T", t)
        s = self._meets("S", before=s, left=t, done=done)
        self._untouched(s, t, 1, begin="T")
        s, done = self._work("S", s)
        t = self._meets("T", before=t, left=s, done=done)
        self._untouched(s, t, 1)
        self._must_be(self._tour.stuck(), "kept for nothing")
        self._must_be(self._tour.taken_numbers(), "numbers that a row has already")

    def _go(self, side: str) -> Tables:
        self._tour.sync(self._t if side == "T" else self._s)
        return self._tour.rows()

    def _untouched(self, s: Tables, t: Tables, tours: int, begin: str = "S") -> None:
        """Nobody does anything: every row of both sides is as it was."""
        for number in range(1, tours + 1):
            for side in ("S", "T") if begin == "S" else ("T", "S"):
                found = self._go(side)
                self._must_be(difference(s if side == "S" else t, found), f"{side} on untouched tour {number}")

    def _work(self, side: str, tables: Tables) -> tuple[Tables, list[Work]]:
        done = []
        for table in self._world.tables.values():
            there = sorted(by_number(tables[table.name]))
            if one := work(self._draw, table, there, side):
                self._tour.people(one.sql)
                done.append(one)
        return self._tour.rows(), done

    def _meets(self, side: str, *, before: Tables, left: Tables, done: list[Work]) -> Tables:
        """Go to a side after work at the other one, which was left so; what is there has to agree with both."""
        found = self._go(side)
        faults = []
        for name, table in self._world.tables.items():
            had, theirs, has = (by_number(tables[name]) for tables in (before, left, found))
            worked = {one.number for one in done if one.table == name}
            cascaded = had.keys() - has.keys() if table.refers and any(one.gone for one in done) else set[int]()
            faults += [f"{name}: {len(rows)} rows with id {n}" for n, rows in has.items() if len(rows) > 1]
            faults += [f"{name}: id {n} was deleted and is there" for n in worked - theirs.keys() if n in has]
            for n in worked & theirs.keys():
                if n not in had and (SEEDS <= n < NEW_AT_T or (side == "T" and table.emptied)):
                    continue  # a script's own row, or the script takes all: the law leaves it open
                wanted, got = (project(rows, table.stable) for rows in (theirs.get(n), has.get(n)))
                if wanted != got:
                    faults.append(f"{name}: id {n} was left as {wanted} and is {got}")
            for n in had.keys() - worked - cascaded:
                if had[n] != has.get(n):
                    faults.append(f"{name}: id {n} was {had[n]}, nobody touched it, and it is {has.get(n)}")
        if self._world.journal:
            faults += [f"j: lost {row}" for row in before["j"] - found["j"]]
        self._must_be(faults, f"{side} after work at the other side")
        return found

    def _must_be(self, faults: list[str], where: str) -> None:
        if faults:
            lines = "\n".join(faults)
            raise AssertionError(f"against the law: {where}\n{lines}\n\nthe story:\n{self._tour}")


def by_number(rows: Rows) -> dict[int, list[str]]:
    """The rows of a table by their column id."""
    found: dict[int, list[str]] = {}
    for row, times in rows.items():
        number = next(value for value in row.split(BETWEEN) if value.startswith("id="))
        found.setdefault(int(number.removeprefix("id=")), []).extend([row] * times)
    return found


def project(rows: list[str] | None, columns: set[str]) -> list[list[str]] | None:
    """The values of these columns alone."""
    if rows is None:
        return None
    return [[value for value in row.split(BETWEEN) if value.partition("=")[0] in columns] for row in rows]
