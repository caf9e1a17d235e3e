"""Whose a database is, by the mark that stands on the server."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gitmig.own_databases.marks import Living, Mark, Owner, owner

HERE = Mark(name="app_a", clone="c1", git_dir="/r/.git", host="h", worktree="w1", branch=None, path="/a")
LIVING = Living(clone="c1", git_dir="/r/.git", host="h", worktrees={"w0", "w1", "w2"}, branches={"main", "x"})
BRANCH = replace(HERE, worktree=None, branch="x")


@pytest.mark.parametrize(
    ("mark", "here", "there", "expected"),
    [
        (None, HERE, True, Owner.NOBODY),
        (replace(HERE, name="app_b"), HERE, True, Owner.NOBODY),  # a rebuild has handed it on
        (HERE, HERE, True, Owner.HERE),
        (replace(HERE, path="/moved"), HERE, True, Owner.HERE),
        (replace(HERE, worktree="w2"), HERE, True, Owner.OTHER),
        (replace(HERE, worktree="removed"), HERE, True, Owner.GONE),
        (replace(HERE, clone="c2"), HERE, True, Owner.STRANGER),
        (replace(HERE, clone="c2"), HERE, False, Owner.STRANGER),
        (replace(HERE, git_dir="/old/.git"), HERE, False, Owner.HERE),  # the clone was moved
        (replace(HERE, git_dir="/copy/.git"), HERE, True, Owner.STRANGER),  # the clone was copied
        (replace(HERE, git_dir="/app/.git", host="container"), HERE, False, Owner.HERE),  # the same one, seen elsewhere
        (
            replace(HERE, git_dir="/app/.git", host="other", worktree="removed"),
            HERE,
            False,
            Owner.STRANGER,
        ),  # who knows
        (replace(HERE, host="rebuilt", worktree="removed"), HERE, True, Owner.GONE),
        (BRANCH, BRANCH, True, Owner.HERE),
        (BRANCH, HERE, True, Owner.OTHER),
        (replace(BRANCH, branch="deleted"), BRANCH, True, Owner.GONE),
    ],
)
def test_owner(mark: Mark | None, here: Mark, there: bool, expected: Owner) -> None:
    assert owner(mark, "app_a", here, LIVING, is_there=there) is expected


@pytest.mark.parametrize("mark", [HERE, BRANCH, replace(HERE, path="/ä 'b' \"c\"\n")])
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    assert Mark.from_comment(mark.to_comment()) == mark


@pytest.mark.parametrize("text", [None, "", "our test database", "made by gitmig: {", 'made by gitmig: {"name": 1}'])
def test_other_comments_are_no_marks(text: str | None) -> None:
    assert Mark.from_comment(text) is None
    assert Mark.from_comment(HERE.to_comment().replace('"/r/.git"', "7")) is None
