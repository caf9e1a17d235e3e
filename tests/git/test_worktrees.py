"""The work trees of a clone: found from each of them, and told apart from later ones of the same name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gitmig.git.repository import Repository
from gitmig.git.worktrees import local_branches, make_token, this_work_tree, trunk, work_trees

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox


@pytest.fixture
def clone(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    sandbox = make_sandbox()
    sandbox.commit("Begin")
    sandbox.git("worktree", "add", "-q", "-b", "x/1", "../a")
    sandbox.git("worktree", "add", "-q", "--detach", "../b")
    return sandbox


def found(sandbox: Sandbox, place: str = ".") -> list[tuple[str, str | None, str | None]]:
    return [(t.path.name, t.name, t.branch) for t in work_trees(Repository.open(sandbox.root / place))]


@pytest.mark.parametrize("place", [".", "../a", "../b"])
def test_all_are_seen_from_each(clone: Sandbox, place: str) -> None:
    assert found(clone, place) == [("project", None, "main"), ("a", "a", "x/1"), ("b", "b", None)]
    here = this_work_tree(Repository.open(clone.root / place))
    assert here.path == (clone.root / place).resolve()
    assert here in work_trees(Repository.open(clone.root))


def test_one_that_is_moved_keeps_its_name_and_its_word(clone: Sandbox) -> None:
    word = make_token(Repository.open(clone.root / "../a").git_dir)
    clone.git("worktree", "move", "../a", "../moved")
    moved = work_trees(Repository.open(clone.root))[1]
    assert (moved.path.name, moved.name, moved.token) == ("moved", "a", word)
    assert moved.shown_from(clone.root) == "../moved"


def test_the_next_one_of_a_name_has_another_word(clone: Sandbox) -> None:
    word = make_token(Repository.open(clone.root / "../a").git_dir)
    assert make_token(Repository.open(clone.root / "../a").git_dir) == word
    clone.git("worktree", "remove", "../a")
    clone.git("worktree", "add", "-q", "../a", "x/1")
    assert make_token(Repository.open(clone.root / "../a").git_dir) != word


def test_one_whose_folder_was_deleted_is_gone_unless_it_is_locked(clone: Sandbox) -> None:
    clone.git("worktree", "lock", "../b")
    for name in "ab":
        shutil.rmtree(clone.root.parent / name)
    assert [name for _, name, _ in found(clone)] == [None, "b"]


def test_the_branch_is_known_during_a_rebase_and_a_bisection(clone: Sandbox) -> None:
    for number in (1, 2, 3):
        clone.write("f", f"{number}\n")
        clone.commit(str(number))
    clone.git("bisect", "start", "HEAD", "HEAD~3")
    assert found(clone)[0] == ("project", None, "main")
    clone.git("bisect", "reset")
    clone.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "-q", "-i", "HEAD~2")
    assert found(clone)[0] == ("project", None, "main")


def test_a_bare_clone_has_no_main_work_tree(clone: Sandbox) -> None:
    clone.git("clone", "-q", "--bare", ".", "../bare.git")
    clone.git("--git-dir", "../bare.git", "worktree", "add", "-q", "../of-bare", "main")
    assert found(clone, "../of-bare") == [("of-bare", "of-bare", "main")]


def test_branches_and_the_one_that_others_leave(clone: Sandbox) -> None:
    repository = Repository.open(clone.root)
    assert local_branches(repository) == {"main", "x/1"}
    assert trunk(repository) == "main"
    clone.git("branch", "-m", "main", "master")
    assert trunk(repository) == "master"
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
    assert trunk(repository) == "develop"
