"""Which steps share a transaction."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.plan import batches


@dataclass(frozen=True)
class Task:
    """A step by its name; those in capitals must not run in a transaction."""

    name: str

    @property
    def transactional(self) -> bool:
        return self.name.islower()


def cut(names: str) -> list[str]:
    return ["".join(task.name for task in batch) for batch in batches([Task(name) for name in names])]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("a", ["a"], id="one"),
        pytest.param("abc", ["abc"], id="everything in one transaction"),
        pytest.param("A", ["A"], id="one outside"),
        pytest.param("AB", ["A", "B"], id="two outside stand alone each"),
        pytest.param("abCde", ["ab", "C", "de"], id="one outside in the middle"),
        pytest.param("AbCDe", ["A", "b", "C", "D", "e"], id="mixed"),
    ],
)
def test_neighbours_share_a_transaction_where_they_may(names: str, found: list[str]) -> None:
    assert cut(names) == found


@given(st.text("abcABC"))
@settings(deadline=None)
def test_order_is_kept_and_batches_are_as_large_as_they_may_be(names: str) -> None:
    found = cut(names)
    assert "".join(found) == names
    assert all(len(batch) == 1 or batch.islower() for batch in found)
    assert not any(one.islower() and other.islower() for one, other in zip(found, found[1:]))
