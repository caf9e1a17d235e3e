# ruff: noqa: T201  # a program
"""Pairs of changes made from `ddl.py`: what static `check` says of them, against what `executed.py` finds out.

As a program it measures how often the two agree, by kind of change, and prints the pairs on which they do not:
`python -m tests.check.generated SERVER_URL NUMBER SEED [TRUTHS]`; the truths are kept in the file, if one is named.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg

from gitmig.check.conflicts import findings
from gitmig.check.findings import Severity
from gitmig.check.footprint import footprint
from tests.check.ddl import BASE, EXTENSION, ROLE, ROLES, Change, changes
from tests.check.executed import Bench, Outcome, Truth, alone, compare, one_order
from tests.check.golden import Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Kinds of changes whose functions are called behind both orders.
WITH_CALLS = {"body", "function", "type"}
NAME = re.compile(r"[a-z_]{3,}")
# Words of SQL itself, which two changes have in common without being about one thing.
COMMON = frozenset(
    (  # noqa: SIM905  # words are read more easily than quotes
        "create table alter drop column constraint index unique view function select from type text int for "
        "each row trigger before update insert execute returns language sql plpgsql begin end return null new "
        "old primary key check add set not default cascade rename policy comment one two the and publication "
        "schema using where"
    ).split()
)


@dataclass(frozen=True)
class Said:
    """What static `check` says of two changes: an error, a warning, or only that it cannot see inside."""

    error: bool
    warning: bool
    blind: bool
    text: str

    @property
    def silent(self) -> bool:
        """Whether it says nothing."""
        return not (self.error or self.warning or self.blind)


def pairs(number: int, seed: int) -> Iterator[tuple[Change, Change]]:
    """Pairs of changes; of five, four have a name in common."""
    random, everything = Random(seed), changes()
    words = {change: set(NAME.findall(change.sql)) - COMMON for change in everything}
    kinds = sorted({change.kind for change in everything})
    for _ in range(number):
        kind = random.choice(kinds)
        first = random.choice([change for change in everything if change.kind == kind])
        near = [change for change in everything if change != first and words[change] & words[first]]
        yield first, random.choice(near if near and random.random() < 0.8 else everything)


@lru_cache(maxsize=2000)
def _footprint(text: str) -> Any:
    return footprint(text)


def said(first: Change, second: Change) -> Said:
    """The answer of static `check`."""
    base = {"0001_base.sql": f"-- migrate:up\n{EXTENSION}{BASE}{ROLES}\n-- migrate:down\n"}
    named = {"0003_ours.sql": first, "0002_theirs.sql": second}
    ours, theirs = ({**base, n: f"-- migrate:up\n{c.sql};\n-- migrate:down\n"} for n, c in named.items())
    said_of = ("GM102", "GM2", "GM4")  # not of names and downs
    found = [f for f in findings(Case(base, ours, theirs).sides(_footprint)) if f.code.startswith(said_of)]
    return Said(
        error=any(f.code.startswith("GM2") and f.severity is Severity.ERROR and not f.doubt for f in found),
        warning=any(f.code != "GM401" and f.severity is not Severity.NOTE for f in found),
        blind=any(f.code == "GM401" for f in found),
        text="; ".join(f"{f.code} {f.message}" for f in found),
    )


class Truths:
    """The executed truths of pairs; every change is run alone once."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._alone: dict[tuple[Change, bool], Outcome] = {}

    def of(self, first: Change, second: Change) -> Truth | None:
        """None if one of the two does not run alone, or an order needs a commit."""
        calls = bool({first.kind, second.kind} & WITH_CALLS)
        one, other = self._apart(first, calls=calls), self._apart(second, calls=calls)
        if one.error or other.error:
            return None
        orders = (
            one_order(self._bench, first.sql, second.sql, calls=calls),
            one_order(self._bench, second.sql, first.sql, calls=calls),
        )
        return compare((one, other), orders)

    def _apart(self, change: Change, *, calls: bool) -> Outcome:
        if (change, calls) not in self._alone:
            self._alone[change, calls] = alone(self._bench, change.sql, calls=calls)
        return self._alone[change, calls]


@contextmanager
def bench(url: str) -> Iterator[Bench]:
    """A bench in an empty database; the names of roles are its own."""
    with psycopg.connect(url) as connection:
        yield Bench(connection, EXTENSION + BASE, ROLES, (ROLE, f"gen_{os.getpid()}_"))


def _known(url: str, wanted: Iterable[tuple[Change, Change]], path: Path | None) -> dict[tuple[str, str], Truth | None]:
    kept = json.loads(path.read_text()) if path and path.exists() else []
    known = {(one, other): Truth(**truth) if truth else None for one, other, truth in kept}
    missing = [pair for pair in wanted if (pair[0].sql, pair[1].sql) not in known]
    if missing:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("DROP DATABASE IF EXISTS gitmig_generated")
            server.execute("CREATE DATABASE gitmig_generated TEMPLATE template0")
            with bench(psycopg.conninfo.make_conninfo(url, dbname="gitmig_generated")) as place:
                truths = Truths(place)
                known |= {(one.sql, other.sql): truths.of(one, other) for one, other in missing}
            server.execute("DROP DATABASE gitmig_generated")
    if path:
        path.write_text(json.dumps([[*pair, truth and asdict(truth)] for pair, truth in known.items()]))
    return known


def _main(url: str, number: str, seed: str, path: str = "") -> None:
    wanted = list(pairs(int(number), int(seed)))
    known = _known(url, wanted, Path(path) if path else None)
    total: Counter[str] = Counter()
    by_kind: dict[str, Counter[str]] = {}
    for first, second in wanted:
        truth = known[first.sql, second.sql]
        if truth is None:
            continue
        answer = said(first, second)
        broken = truth.conflict or truth.calls
        how = "error" if answer.error else "warning" if answer.warning else "blind" if answer.blind else "silent"
        outcome = f"{'conflict' if truth.conflict else 'call' if broken else 'clean'}: {how}"
        total[outcome] += 1
        for kind in {first.kind, second.kind}:
            by_kind.setdefault(kind, Counter())[outcome] += 1
        if broken and answer.silent:
            print(f"MISSED {truth.why} {truth.calls}\n  {first}\n  {second}\n")
        elif not truth.conflict and answer.error:
            print(f"FALSE {truth.calls}\n  {first}\n  {second}\n  {answer.text}\n")
    for kind, counts in sorted(by_kind.items()):
        print(kind, dict(sorted(counts.items())))
    print("all", dict(sorted(total.items())))


if __name__ == "__main__":
    _main(*sys.argv[1:])
