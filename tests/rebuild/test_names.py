"""Names of replaced databases: they fit, they are told apart, and they say when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from gitmig.rebuild.databases import name_of_old, replaced_at

AT = datetime(2026, 1, 31, 23, 59, 59, tzinfo=timezone.utc)


@pytest.mark.parametrize("name", ["shop", "Sp ace", 'q"uote', "%s", "a" * 40, "a" * 41, "ä" * 31, "a__gitmig_b"])
def test_the_name_fits_and_says_when(name: str) -> None:
    old = name_of_old(name, AT)
    assert len(old.encode()) <= 63
    assert replaced_at(name, old) == AT
    assert replaced_at(name + "x", old) is None


def test_a_short_name_stays_readable() -> None:
    assert name_of_old("shop", AT) == "shop__gitmig_20260131235959"


def test_a_name_that_is_taken_becomes_that_of_a_later_second() -> None:
    first = name_of_old("shop", AT)
    second = name_of_old("shop", AT, frozenset({first}))
    assert replaced_at("shop", second) == AT + timedelta(seconds=1)


def test_long_names_with_the_same_beginning_are_told_apart() -> None:
    assert name_of_old("a" * 60 + "1", AT) != name_of_old("a" * 60 + "2", AT)


@pytest.mark.parametrize(
    "other",
    ["shop", "shop__gitmig_", "shop__gitmig_2026", "shop__gitmig_20261399000000", "shop__gitmig_2026013123595"],
)
def test_other_databases_are_none_of_its_own(other: str) -> None:
    assert replaced_at("shop", other) is None
