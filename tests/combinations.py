"""A table of tests with several parameters: every combination of their values, or each value once.

Tests marked `each_choice` are played in as few combinations as have every value in one of them; with GITMIG_TEST_LONG
set, in all of them. ("Each choice" is the weakest of the coverage criteria of Grindal, Offutt and Andler, "Combination
testing strategies", 2005.)
"""

from __future__ import annotations

import math
import os
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
        if tests[0].get_closest_marker("each_choice") and not LONG:
            sizes = [len(list(mark.args[1])) for mark in tests[0].iter_markers("parametrize")]
            if sizes and len(tests) == math.prod(sizes):  # all of them are here: none was named
                needed = set(diagonal(sizes))
                found += [test for number, test in enumerate(tests) if number not in needed]
    return found


def diagonal(sizes: Sequence[int]) -> list[int]:
    """The numbers of some combinations in which each value of each parameter is; the last parameter changes fastest.

    >>> diagonal([3, 2])  # of a1, a2, b1, b2, c1, c2: a1, b2, c2
    [0, 3, 5]
    """
    numbers = []
    for row in range(max(sizes)):
        number = 0
        for place, size in enumerate(sizes):
            number = number * size + (row + place * (row // size)) % size
        numbers.append(number)
    return numbers
