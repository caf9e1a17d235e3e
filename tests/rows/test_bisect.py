"""Rows that are refused are found among many, in order, without trying each."""

from __future__ import annotations

import psycopg
import pytest

from gitmig.rows.bisect import bisect


class Loading:
    """Work on numbered rows, of which some are `bad`; remembers what went in, what was refused and how many tries."""

    def __init__(self, *bad: int) -> None:
        self.bad = set(bad)
        self.loaded: list[int] = []
        self.refused: list[int] = []
        self.tries = 0
        self._first = 0

    def work(self, part: range) -> psycopg.Error | None:
        self.tries += 1
        found = [at for at, row in enumerate(part) if row in self.bad]
        if found:
            self._first = found[0]
            return psycopg.DataError()
        self.loaded += part
        return None

    def refuse(self, part: range, _: psycopg.Error) -> None:
        self.refused += part

    def suspect(self, _: psycopg.Error) -> int:
        return self._first


@pytest.mark.parametrize("bad", [[], [0], [99], [3, 4, 50], list(range(100))])
@pytest.mark.parametrize("knows", [True, False], ids=["PostgreSQL names the row", "it does not"])
def test_all_go_in_order_but_those_that_are_refused(bad: list[int], knows: bool) -> None:
    loading = Loading(*bad)
    if knows:
        bisect(range(100), loading.work, loading.refuse, suspect=loading.suspect)
    else:
        bisect(range(100), loading.work, loading.refuse)
    assert (loading.loaded, loading.refused) == ([row for row in range(100) if row not in bad], bad)


def test_one_row_among_thousands_takes_few_tries() -> None:
    halving, told = Loading(700), Loading(700)
    bisect(range(4096), halving.work, halving.refuse)
    bisect(range(4096), told.work, told.refuse, suspect=told.suspect)
    assert (halving.tries, told.tries) == (25, 5)


def test_numbers_may_begin_anywhere() -> None:
    loading = Loading(-3)
    bisect(range(-5, 2), loading.work, loading.refuse)
    assert (loading.loaded, loading.refused) == ([-5, -4, -2, -1, 0, 1], [-3])


def test_once_enough_are_refused_the_rest_is_not_searched() -> None:
    loading = Loading(*range(0, 100, 2))
    bisect(range(100), loading.work, loading.refuse, most=5)
    assert loading.loaded == [1, 3, 5, 7]
    assert loading.refused[:5] == [0, 2, 4, 6, 8]
    assert sorted(loading.loaded + loading.refused) == list(range(100))


def test_no_rows_are_no_work() -> None:
    loading = Loading()
    bisect(range(0), loading.work, loading.refuse)
    assert loading.tries == 0
