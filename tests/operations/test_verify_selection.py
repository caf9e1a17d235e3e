"""Which migrations a command looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, UsageError
from gitmig.operations.verify import Selection, select
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    r"""Draw a history.

        a ── b ── c    main
         \
          d ── (e)     topic, checked out; e is not committed
    """
    made = make_sandbox()
    made.table("0001_a", "a")
    made.commit("a")
    made.git("branch", "topic")
    for name in "bc":
        made.table(f"0002_{name}" if name == "b" else f"0003_{name}", name)
        made.commit(name)
    made.git("switch", "--quiet", "topic")
    made.table("0004_d", "d")
    made.commit("d")
    made.table("0005_e", "e")
    return made


def chosen(repo: Sandbox, what: str | None = None, *, everything: bool = False) -> list[str]:
    return [m.name for m in selected(repo, what, everything=everything).chosen]


def selected(repo: Sandbox, what: str | None = None, *, everything: bool = False) -> Selection:
    return select(Project.load(repo.root), what, everything=everything)


def test_a_branch_adds_what_it_does_not_share_with_the_default_branch(repo: Sandbox) -> None:
    assert chosen(repo) == ["d", "e"]


def test_everything_is_everything(repo: Sandbox) -> None:
    assert chosen(repo, everything=True) == ["a", "d", "e"]
    assert chosen(repo, "main", everything=True) == ["a", "b", "c"]


def test_a_commit_adds_what_its_first_parent_has_not(repo: Sandbox) -> None:
    assert chosen(repo, "main") == ["c"]
    assert chosen(repo, "HEAD") == ["d"]
    repo.commit("e")
    repo.git("merge", "--quiet", "main", "-m", "merge")
    assert chosen(repo, "HEAD") == ["b", "c"]


def test_the_first_commit_adds_all_it_has(repo: Sandbox) -> None:
    assert chosen(repo, "main~2") == ["a"]


def test_a_range_is_what_its_end_has_and_its_start_has_not(repo: Sandbox) -> None:
    assert chosen(repo, "main..topic") == ["d"]
    assert chosen(repo, "topic..main") == ["b", "c"]
    assert chosen(repo, "main~1..main") == ["c"]
    assert chosen(repo, "main..") == ["d"]
    assert chosen(repo, "..main") == ["b", "c"]
    assert selected(repo, "main..topic").words == "those of topic that main has not"


def test_a_symmetric_difference_is_refused(repo: Sandbox) -> None:
    with pytest.raises(UsageError, match="is a symmetric difference"):
        selected(repo, "main...topic")


def test_on_the_default_branch_it_is_what_is_not_committed(repo: Sandbox) -> None:
    repo.git("switch", "--quiet", "main")
    assert chosen(repo) == ["e"]
    assert selected(repo).words == "those that HEAD has not"


def test_with_a_remote_it_is_what_is_not_pushed(repo: Sandbox, make_sandbox: Callable[..., Sandbox]) -> None:
    clone = make_sandbox("clone")
    clone.git("remote", "add", "origin", str(repo.root))
    clone.git("fetch", "--quiet")
    clone.git("reset", "--quiet", "--hard", "origin/main")
    clone.git("remote", "set-head", "origin", "main")
    assert chosen(clone) == []
    clone.table("0006_f", "f")
    clone.commit("f")
    clone.table("0007_g", "g")
    assert chosen(clone) == ["f", "g"]
    assert selected(clone).words.startswith("those that origin/main has not at ")
    clone.git("switch", "--quiet", "--detach")
    assert chosen(clone) == ["f", "g"]


def test_before_the_first_commit_all_are_new(make_sandbox: Callable[..., Sandbox]) -> None:
    made = make_sandbox()
    made.table("0001_a", "a")
    assert chosen(made) == ["a"]


def test_a_base_without_the_folder_has_none(make_sandbox: Callable[..., Sandbox]) -> None:
    made = make_sandbox()
    made.commit("before gitmig")
    made.git("switch", "--quiet", "--create", "topic")
    made.table("0001_a", "a")
    made.commit("a")
    assert chosen(made) == ["a"]


def test_renumbered_migrations_are_not_new(repo: Sandbox) -> None:
    repo.git("mv", "migrations/0001_a.sql", "migrations/0009_z.sql")
    assert chosen(repo) == ["d", "e"]


def test_where_a_shallow_clone_ends_nobody_knows_what_a_commit_adds(
    repo: Sandbox, make_sandbox: Callable[..., Sandbox]
) -> None:
    clone = make_sandbox("clone")
    clone.git("fetch", "--quiet", "--depth=1", f"file://{repo.root}", "main")
    with pytest.raises(GitmigError) as caught:
        selected(clone, "FETCH_HEAD")
    assert caught.value.hint == "`git fetch --unshallow` brings the rest"
