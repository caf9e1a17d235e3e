"""One case of the law: two sets that differ by one migration, in several variants that travel together.

A variant is a way down (right, wrong, empty, missing), a table with a key or without one, and what people do meanwhile.
Each has a schema of its own, so that one sync takes all of them. In a case's scripts `$t` is table t of the variant's
schema, `$schema` is that, and `$key` is PRIMARY KEY or nothing.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.law.tour import Refused, Scripts, difference, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.law.tour import Databases, Tables, Tour

LONG = "GITMIG_LAW_EXAMPLES" in os.environ
TOURS = 3 if LONG else 2
TOGETHER = 6
NAME = re.compile(r"(?<!\$)\$(?=[a-z])(\w+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """What people do at T, or at S, and what is to be seen at the other side: queries, and their rows as on one line.

    `other` is for the ways down that do not work, None where the law leaves it open. `keyed` and `keyless` are for
    tables of that kind alone.
    """

    sql: str
    seen: Mapping[str, str]
    other: Mapping[str, str] | None = None
    at: str = "T"
    keys: tuple[bool, ...] = (True, False)

    def expected(self, down: str) -> Mapping[str, str]:
        """The queries for one way down."""
        return self.seen if down == "right" or self.other is None else self.other

    def concerns(self, down: str, *, keyed: bool) -> bool:
        """Whether the law says anything about this work in a variant."""
        return keyed in self.keys and (down == "right" or self.other is not None)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Set S is `base`; set T has the migration `up` with the way back `down` besides."""

    name: str
    base: str
    rows: str
    up: str
    down: str
    wrong: str | None = None
    at_t: Mapping[str, str] = field(default_factory=dict)
    works: tuple[Work, ...] = ()
    needs: int = 0  # the oldest PostgreSQL that can run it

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A case in one of its forms."""

    case: Case
    schema: str
    down: str
    keyed: bool
    work: Work | None

    def text(self, script: str) -> str:
        """A script of the case in this variant's schema."""
        key = " PRIMARY KEY" if self.keyed else ""
        text = script.replace("$schema", self.schema)
        return NAME.sub(lambda found: key if found[1] == "key" else f"{self.schema}.{found[1]}", text)

    @property
    def scripts(self) -> Scripts:
        """The migration that T has and S has not."""
        down = {"right": self.case.down, "wrong": self.case.wrong or "", "empty": "", "missing": None}[self.down]
        return Scripts(up=self.text(self.case.up), down=down if down is None else self.text(down))

    def __str__(self) -> str:
        key = "keyed" if self.keyed else "keyless"
        return (
            f"{self.case.name}, {self.schema} ({self.down} down, {key}, {self.work.sql if self.work else 'untouched'})"
        )


def variants(case: Case, first: int = 0) -> list[Variant]:
    """All of them; or in the short profile as few as tell most: about four of a case. Schemas count from `first`."""
    keys = (True, False) if "$key" in case.base else (False,)
    downs = ("right", "empty", "missing", *(("wrong",) if case.wrong is not None else ()))
    found: list[tuple[str, bool, Work | None]]
    if LONG:
        found = [(down, key, work) for down in downs for key in keys for work in (None, *case.works)]
    else:
        found = [("right", keys[-1], None), (downs[1 + len(case.name) % 2], keys[0], None)]
        found += [("wrong", keys[-1], None)] if case.wrong is not None else []
        for k, work in enumerate(case.works[:2]):
            down = "right" if k % 2 == 0 or work.other is None else downs[1 + k % (len(downs) - 1)]
            possible = [key for key in keys if key in work.keys]
            found.append((down, possible[-1 - k % len(possible)], work))
    kept = [one for one in dict.fromkeys(found) if one[2] is None or one[2].concerns(one[0], keyed=one[1])]
    return [
        Variant(case=case, schema=f"v{k}", down=down, keyed=key, work=work)
        for k, (down, key, work) in enumerate(kept, first)
    ]


class Journey:
    """Variants on their tours, what was seen of each, and what was against the law."""

    def __init__(self, tour: Tour, travellers: list[Variant]) -> None:
        self._tour = tour
        self._travellers = travellers
        base = "\n".join(f"CREATE SCHEMA {one.schema};\n{one.text(one.case.base)}" for one in travellers)
        self._s = {"001_base": Scripts(up=base, down=None)}
        self._t = self._s | {f"{k:03}_{one.schema}": one.scripts for k, one in enumerate(travellers, 2)}
        self._seen: dict[tuple[str, str], Tables] = {}
        self._asked: set[tuple[str, str]] = set()
        self._faults: dict[str, list[str]] = {one.schema: [] for one in travellers}
        self._stories: dict[str, list[str]] = {
            one.schema: [one.text(one.case.base), one.text(one.case.rows), str(one.scripts)] for one in travellers
        }

    def run(self) -> list[str]:
        """Go there and back; the faults, each variant's with its story."""
        self._go("S")
        self._tour.people(";\n".join(one.text(one.case.rows) for one in self._travellers))
        self._remember("S", "S at first", self._travellers)
        self._go("T")
        for one in self._travellers:
            self._ask(one, one.case.at_t, "T at first")
        self._remember("T", "T at first", self._travellers)
        for number in range(1, TOURS + 1):
            for side, left in (("S", "T"), ("T", "S")):
                if number == 1:
                    self._work(left)
                self._go(side)
                self._judge(side, f"{side} on tour {number}")
        stuck = [f"kept for nothing: {item}" for item in self._tour.stuck()]
        taken = [f"the next value of {sequence} is taken" for sequence in self._tour.taken_numbers()]
        return [*self._told(), *stuck, *taken]

    def _go(self, side: str) -> None:
        self._tour.sync(self._t if side == "T" else self._s)

    def _look(self, when: str, travellers: list[Variant]) -> dict[str, Tables]:
        """The tables of each, which become part of its story."""
        schemas, found = self._tour.schemas(), {}
        for one in travellers:
            found[one.schema] = schemas.get(one.schema, {})
            for schema in schemas:
                if schema.startswith(f"{one.schema}_"):
                    found[one.schema] |= {f"{schema}.{name}": rows for name, rows in schemas[schema].items()}
            self._stories[one.schema].append(f"{when}\n{told(found[one.schema])}")
        return found

    def _remember(self, side: str, when: str, travellers: list[Variant]) -> None:
        for schema, tables in self._look(when, travellers).items():
            self._seen[schema, side] = tables

    def _work(self, side: str) -> None:
        """Let people work at a side; it has to stay as they leave it, and the other side is looked at anew."""
        workers = [(one, one.work) for one in self._travellers if one.work and one.work.at == side]
        if not workers:
            return
        self._tour.people(";\n".join(one.text(work.sql) for one, work in workers))
        for one, work in workers:
            self._stories[one.schema].append(f"people: {work.sql}")
            self._seen.pop((one.schema, "S" if side == "T" else "T"), None)
        self._remember(side, f"{side} as people leave it", [one for one, _ in workers])

    def _judge(self, side: str, when: str) -> None:
        """Compare with what a side was, or with what the law demands where people have worked at the other one."""
        for schema, found in self._look(when, self._travellers).items():
            before = self._seen.setdefault((schema, side), found)
            if not self._faults[schema]:  # what comes of a fault is no other fault
                self._faults[schema] += [f"{when}: {line}" for line in difference(before, found)]
        for one in self._travellers:
            if one.work and (one.schema, side) not in self._asked:
                self._asked.add((one.schema, side))
                if one.work.at != side and not self._faults[one.schema]:
                    self._ask(one, one.work.expected(one.down), when)

    def _ask(self, one: Variant, queries: Mapping[str, str], when: str) -> None:
        for query, rows in queries.items():
            found = self._tour.ask(one.text(query))
            if found != rows:
                self._faults[one.schema].append(f"{when}: {query}\n    wanted {rows}\n    found  {found}")

    def _told(self) -> list[str]:
        return [
            "\n".join([f"== {one}", *self._faults[one.schema], "-- its story", *self._stories[one.schema]])
            for one in self._travellers
            if self._faults[one.schema]
        ]


def together(*kinds: Sequence[Case]) -> list[tuple[Case, ...]]:
    """Cases to be judged at once, a few of one kind: a sync of many takes little longer than one of a single case."""
    return [tuple(cases[k : k + TOGETHER]) for cases in kinds for k in range(0, len(cases), TOGETHER)]


def names(cases: Sequence[Case]) -> str:
    """How pytest calls them."""
    return f"{cases[0]} to {cases[-1]}" if len(cases) > 1 else str(cases[0])


def travel(databases: Databases, cases: Sequence[Case]) -> None:
    """Judge cases in all their variants at once; where one of them stops the sync, each of them alone."""
    travellers: list[Variant] = []
    for case in filter(databases.can_run, cases):
        travellers += variants(case, len(travellers))
    try:
        faults = Journey(databases.tour(), travellers).run()
    except Refused as first:
        faults = []
        for one in travellers:
            try:
                faults += Journey(databases.tour(), [one]).run()
            except Refused as refusal:
                faults.append(f"== {one}\n{refusal}")
        faults = faults or [f"all together are refused, each alone is not: {first}"]
    if faults:
        raise AssertionError("\n".join([f"{len(faults)} against the law", *faults]))
