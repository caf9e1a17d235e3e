"""What runs for a hook, and what git tells those that may stop it."""

from __future__ import annotations

import pytest

from gitmig.cli.hook_runs import HOOKS, merged_commits, pushed_commits
from gitmig.git import hooks

A, B = "a" * 40, "b" * 64


def test_something_runs_for_each_hook_that_is_installed() -> None:
    assert set(HOOKS) == {*hooks.FOLLOWING, *hooks.CHECKING}


def test_a_merge_names_its_commits_in_the_environment() -> None:
    assert merged_commits({f"GITHEAD_{B}": "two", f"GITHEAD_{A}": "one", "GIT_DIR": ".git"}) == [A, B]


@pytest.mark.parametrize(
    ("listing", "commits"),
    [
        (f"refs/heads/x {A} refs/heads/x {B}\n", [A]),
        (f"refs/heads/x {A} refs/heads/x {B}\nrefs/heads/y {A} refs/heads/z {'0' * 40}\n", [A]),
        (f"(delete) {'0' * 40} refs/heads/x {A}\n", []),
        ("\n", []),
        ("", []),
    ],
)
def test_a_push_lists_its_commits(listing: str, commits: list[str]) -> None:
    assert pushed_commits(listing) == commits
