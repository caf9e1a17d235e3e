"""Sizes, as they are written and as they are set."""

from __future__ import annotations

from typing import Any

import pytest

from gitmig.config import resolve
from gitmig.errors import UsageError
from gitmig.text import as_size


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 kB"), (1536, "1.5 kB"), (1 << 30, "1 GB"), (1 << 52, "4096 TB")],
)
def test_a_size_as_people_read_it(size: int, text: str) -> None:
    assert as_size(size) == text


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ("500 MB", 500 << 20), ("1.5gb", 3 << 29), ("7 bytes", 7), ("2 TB", 2 << 40)]
)
def test_a_size_as_people_write_it(text: str, size: int) -> None:
    assert resolve(team={"kept_size": text}, personal={}, environ={}, dotenv={}).kept_size == size


def test_the_age_is_a_number_of_days() -> None:
    for text, days in (("7", 7), ("7 days", 7), ("1 day", 1)):
        assert resolve(team={}, personal={"keptage": text}, environ={}, dotenv={}).kept_age == days


@pytest.mark.parametrize(("key", "text"), [("kept_size", "much"), ("kept_size", "1 XB"), ("kept_age", "-1")])
def test_what_is_no_limit_is_refused(key: str, text: str) -> None:
    team: Any = {key: text}
    with pytest.raises(UsageError, match=f"{key} is '{text}'"):
        resolve(team=team, personal={}, environ={}, dotenv={})
