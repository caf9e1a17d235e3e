"""Where the branch that is checked out comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.git.history import Fork, first_parent, fork
from gitmig.git.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox


def found(sandbox: Sandbox) -> Fork | None:
    return fork(Repository.open(sandbox.root))


def test_a_branch_leaves_the_default_branch_at_the_merge_base(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox()
    base = repo.commit("base")
    repo.git("switch", "--quiet", "--create", "topic")
    repo.commit("topic")
    repo.git("switch", "--quiet", "main")
    repo.commit("main goes on")
    repo.git("switch", "--quiet", "topic")
    assert found(repo) == Fork(commit=base, of="main")


@pytest.mark.parametrize("name", ["master", "trunk"])
def test_the_default_branch_itself_is_compared_with_its_last_commit(
    make_sandbox: Callable[..., Sandbox], name: str
) -> None:
    repo = make_sandbox()
    head = repo.commit("a")
    repo.git("branch", "--quiet", "-m", name)
    assert found(repo) == Fork(commit=head, of="HEAD")


def test_the_remote_says_which_branch_is_the_default(make_sandbox: Callable[..., Sandbox]) -> None:
    origin, clone = make_sandbox("origin"), make_sandbox("clone")
    origin.git("switch", "--quiet", "--create", "trunk")
    base = origin.commit("a")
    clone.git("remote", "add", "origin", str(origin.root))
    clone.git("fetch", "--quiet")
    clone.git("remote", "set-head", "origin", "trunk")
    clone.git("reset", "--quiet", "--hard", "origin/trunk")
    clone.commit("b")
    assert found(clone) == Fork(commit=base, of="origin/trunk")


def test_without_a_default_branch_the_upstream_counts(make_sandbox: Callable[..., Sandbox]) -> None:
    origin, clone = make_sandbox("origin"), make_sandbox("clone")
    origin.git("switch", "--quiet", "--create", "trunk")
    base = origin.commit("a")
    clone.git("remote", "add", "origin", str(origin.root))
    clone.git("fetch", "--quiet")
    clone.git("switch", "--quiet", "--create", "trunk", "--track", "origin/trunk")
    clone.commit("b")
    assert found(clone) == Fork(commit=base, of="origin/trunk")


def test_unrelated_histories_have_nothing_to_compare_with_but_head(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox()
    repo.commit("a")
    repo.git("switch", "--quiet", "--orphan", "other")
    head = repo.commit("b")
    assert found(repo) == Fork(commit=head, of="HEAD")


def test_before_the_first_commit_there_is_nothing(make_sandbox: Callable[..., Sandbox]) -> None:
    assert found(make_sandbox()) is None


def test_a_root_has_no_parent(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox()
    root = repo.commit("a")
    second = repo.commit("b")
    opened = Repository.open(repo.root)
    assert (first_parent(opened, second), first_parent(opened, root)) == (root, None)
