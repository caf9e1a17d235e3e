"""A table of tests with several parameters: every combination of their values, or each value once.

Tests marked `each_choice` are played in as few combinations as have every value in one of them; with GITMIG_TEST_LONG
set, in all of them. ("Each choice" is the weakest of the coverage criteria of Grindal, Offutt and Andler, "Combination
testing strategies", 2005.)
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

LONG = "GITMIG_TEST_LONG" in os.environ


def left_out(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests that are not needed for each choice, of those that are marked so."""
    found: list[pytest.Item] = []
    for _, group in groupby(items, lambda item: item.nodeid.partition("[")[0]):
        tests = list(group)
        if len(tests) > 1 and tests[0].get_closest_marker("each_choice") and not LONG:
            needed = each_choice([_choices(test) for test in tests])
            found += [test for number, test in enumerate(tests) if number not in needed]
    return found


def _choices(test: pytest.Item) -> Sequence[str]:
    """The ids of the values of its parameters, in order; those of fixtures count as well."""
    callspec = getattr(test, "callspec", None)
    return [] if callspec is None else list(callspec._idlist)  # pytest itself shows them joined only


def each_choice(tests: Sequence[Sequence[str]]) -> set[int]:
    """The numbers of tests in which each value of each parameter is, as evenly as that goes.

    A test is the values of its parameters.

    >>> sorted(each_choice(["ax", "ay", "bx", "by", "cx", "cy", "dx", "dy"]))
    [0, 3, 4, 7]
    """
    choices = [set(enumerate(test)) for test in tests]
    missing = set().union(*choices)
    used: Counter[tuple[int, str]] = Counter()
    chosen = set()
    while missing:
        number = max(
            range(len(tests)), key=lambda k: (len(missing & choices[k]), -sum(map(used.__getitem__, choices[k])))
        )
        chosen.add(number)
        missing -= choices[number]
        used.update(choices[number])
    return chosen
