"""Which steps share a transaction, and what becomes of a batch that is too much for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.execute.tasks import ApplyTask, Outside, SyncContext, Together, TooMuchForOne, batches, row_of
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Content, MigrationSet, Script
from gitmig.migrations.plan import Apply, Desired
from tests.samples import migration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.execute.tasks import Batch

CONTEXT = SyncContext(target=MigrationSet(folder="", layout="", migrations=()), commit=None, by="")


def task(name: str) -> ApplyTask:
    """A step by its name; those in capitals must not run in a transaction."""
    script = Script(language=SQL, text="SELECT 1", path="", transactional=name.islower())
    source, content = migration(f"1_{name}"), Content(up=script, down=None)
    step = Apply(position=1, desired=Desired(migration=source, checksum="", content=content))
    return ApplyTask(step=step, script=script, row=row_of(1, source, content, CONTEXT))


TASKS = {name: task(name) for name in "abcdeABCDE"}


def shown(found: Sequence[Batch]) -> list[str]:
    """The names of each batch; one outside a transaction in capitals."""
    return [
        batch.task.row.name.upper() if isinstance(batch, Outside) else "".join(task.row.name for task in batch.tasks)
        for batch in found
    ]


def cut(names: str) -> list[str]:
    return shown(batches([TASKS[name] for name in names]))


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


@pytest.mark.parametrize(
    ("names", "culprit", "how", "found"),
    [
        pytest.param("abc", "b", {}, ["a", "bc"], id="a commit before it"),
        pytest.param("abc", "a", {}, ["a", "bc"], id="the first: behind it"),
        pytest.param("abc", "b", {"outside": True}, ["a", "B", "c"], id="outside, between others"),
        pytest.param("abc", "a", {"outside": True}, ["A", "bc"], id="outside, the first"),
        pytest.param("a", "a", {"outside": True}, ["A"], id="outside, alone"),
    ],
)
def test_what_is_too_much_for_one_transaction_is_done_in_smaller_ones(
    names: str, culprit: str, how: dict[str, bool], found: list[str]
) -> None:
    batch = Together(tuple(TASKS[name] for name in names))
    assert shown(TooMuchForOne(TASKS[culprit], **how).smaller(batch)) == found
