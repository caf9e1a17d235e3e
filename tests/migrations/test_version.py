"""Versions are numbers of any length."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.model import TIME, Version

DIGITS = st.text("0123456789", min_size=1, max_size=40)
COUNTERS = DIGITS.filter(lambda text: not TIME.match(text.lstrip("0")))
TIMES = st.builds(
    lambda time, n: f"{time:%Y%m%d%H%M%S}"[:n],
    st.datetimes(datetime(1970, 1, 1), datetime(2049, 12, 31)),
    st.integers(8, 14),
)


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        pytest.param("1", "2", id="one digit"),
        pytest.param("9", "10", id="as numbers, not as texts"),
        pytest.param("0009", "10", id="leading zeros do not count"),
        pytest.param("0", "1", id="zero"),
        pytest.param("20260101120000", "20260101120001", id="timestamps"),
        pytest.param("99999999", "20260101120000", id="dates before timestamps"),
        pytest.param("2017-09-23-182408", "20170923182409", id="with dashes before without"),
        pytest.param("20170923182407", "2017-09-23-182408", id="without dashes before with"),
        pytest.param("20260730", "20260730140000", id="a day before its times"),
        pytest.param("20260730140000", "20260731", id="a time before the next day"),
        pytest.param("202607301400000000", "20260731120000", id="times with a count before those without"),
        pytest.param("202305231715", "20230524110000", id="minutes before seconds"),
        pytest.param("2020-11-30-120000", "2020-12-7-190800", id="a day of one digit behind the month before"),
        pytest.param("2020-12-7-190800", "2021-01-01-000000", id="and before the next year"),
        pytest.param("42", "20260730", id="counters before times"),
        pytest.param("1548967200", "20190201000000", id="seconds since 1970 before times"),
        pytest.param("9" * 5000, "1" + "0" * 5000, id="more digits than an int may have"),
    ],
)
def test_versions_sort_as_numbers(smaller: str, larger: str) -> None:
    assert Version(smaller) < Version(larger)
    assert Version(larger) > Version(smaller)
    assert Version(smaller) != Version(larger)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1", "0001", id="leading zeros"),
        pytest.param("0", "000", id="zeros alone"),
        pytest.param("2017-09-23-182408", "20170923182408", id="dashes"),
        pytest.param("7" * 5000, "0" + "7" * 5000, id="more digits than an int may have"),
    ],
)
def test_the_same_number_is_the_same_version_however_it_is_written(one: str, other: str) -> None:
    assert Version(one) == Version(other)
    assert hash(Version(one)) == hash(Version(other))
    assert len({Version(one), Version(other)}) == 1


@pytest.mark.parametrize("text", ["0001", "2017-09-23-182408", "42"])
def test_a_version_is_shown_as_it_was_written(text: str) -> None:
    assert str(Version(text)) == text


@given(COUNTERS, COUNTERS)
@settings(deadline=None)
def test_the_order_of_counters_is_that_of_integers(one: str, other: str) -> None:
    assert (Version(one) < Version(other)) == (int(one) < int(other))
    assert (Version(one) == Version(other)) == (int(one) == int(other))


@given(st.lists(COUNTERS))
@settings(deadline=None)
def test_a_list_of_counters_sorts_as_the_integers_do(texts: list[str]) -> None:
    assert [int(str(version)) for version in sorted(map(Version, texts))] == sorted(map(int, texts))


@given(st.lists(COUNTERS | DIGITS | TIMES, min_size=3, max_size=3))
@settings(deadline=None)
def test_versions_of_all_kinds_have_one_order(texts: list[str]) -> None:
    one, two, three = sorted(map(Version, texts))
    assert one <= two <= three
    assert one <= three
    assert (one == three) == (one == two == three)


@pytest.mark.parametrize("name", ["ae1027a6acf5", "polls.0001_initial", "00ab", "-", ""])
def test_a_name_is_equal_to_itself_alone_and_stands_behind_the_numbers(name: str) -> None:
    assert Version(name) == Version(name)
    assert Version(name) != Version(f"0{name}")
    assert Version("9" * 100) < Version(name)
