"""Which commits changed the migrations, in histories of every shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.git.history import BranchPoint, branch_point, commits_touching, first_parent, touching_among
from gitmig.git.repository import Repository
from tests.conftest import Sandbox
from tests.git.conftest import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FOLDERS = ("migrations",)
SEPARATOR = pytest.param("a\x1fb")


def subjects(sandbox: Sandbox, *revisions: str, folders: tuple[str, ...] = FOLDERS) -> list[str]:
    found = commits_touching(opened(sandbox), revisions or ("HEAD",), folders)
    return [commit.subject for commit in found]


def one_by_one(sandbox: Sandbox) -> list[str]:
    """The same question, asked about each commit of HEAD's history."""
    commits = sandbox.git("rev-list", "--topo-order", "HEAD").out.split()
    return [commit.subject for commit in touching_among(opened(sandbox), commits, FOLDERS)]


def merge(sandbox: Sandbox, branch: str, *options: str) -> None:
    sandbox.git("merge", "--quiet", "--no-ff", *options, "-m", f"Merge {branch}", branch)


@pytest.fixture
def empty(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A repository whose first commit has no migrations."""
    made = make_sandbox()
    made.write("app.py", "pass\n")
    made.commit("root")
    return made


def test_a_root_commit_with_migrations_is_listed_and_has_no_parent(repo: Sandbox) -> None:
    (commit,) = commits_touching(opened(repo), ("HEAD",), FOLDERS)
    assert commit.id == repo.git("rev-parse", "HEAD").out.strip()
    assert (commit.parent, commit.author, commit.subject) == (None, "Ada", "a and b")
    assert commit.at in {"2026-01-01T12:00:00+00:00", "2026-01-01T12:00:00Z"}, "newer git writes Z"


def test_a_commit_that_leaves_the_folder_as_it_was_is_not_listed(empty: Sandbox) -> None:
    empty.table("0001_a", "a")
    empty.commit("a")
    empty.write("app.py", "more\n")
    empty.commit("app")
    assert subjects(empty) == one_by_one(empty) == ["a"]


def test_every_kind_of_change_is_listed_newest_first(empty: Sandbox) -> None:
    empty.table("0001_a", "a")
    empty.commit("add")
    empty.write("migrations/0001_a.sql", "-- migrate:up\n")
    empty.commit("edit")
    empty.git("mv", "migrations/0001_a.sql", "migrations/0002_a.sql")
    empty.commit("rename")
    empty.git("rm", "--quiet", "migrations/0002_a.sql")
    empty.commit("remove")
    assert subjects(empty) == one_by_one(empty) == ["remove", "rename", "edit", "add"]


def test_a_merge_that_brings_nothing_new_is_not_listed(repo: Sandbox) -> None:
    """main: a and b ── c ── Merge side; side: app."""
    repo.git("switch", "--quiet", "--create", "side")
    repo.write("app.py", "pass\n")
    repo.commit("app")
    repo.git("switch", "--quiet", "main")
    repo.table("0003_c", "c")
    repo.commit("c")
    merge(repo, "side")
    assert subjects(repo) == one_by_one(repo) == ["c", "a and b"]


def test_a_merge_of_two_branches_with_migrations_is_listed(repo: Sandbox) -> None:
    repo.git("switch", "--quiet", "--create", "side")
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("switch", "--quiet", "main")
    repo.table("0004_d", "d")
    repo.commit("d")
    merge(repo, "side")
    assert subjects(repo)[0] == one_by_one(repo)[0] == "Merge side"
    assert set(subjects(repo)) == {"Merge side", "c", "d", "a and b"}


def test_a_merge_that_brings_a_branch_to_the_main_line_is_listed_like_it_is_recorded(repo: Sandbox) -> None:
    """The folder of the merge is that of the branch, and another than that of its first parent."""
    repo.git("switch", "--quiet", "--create", "side")
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("switch", "--quiet", "main")
    merge(repo, "side")
    assert subjects(repo) == one_by_one(repo)


def test_a_criss_cross_lists_every_change_once(repo: Sandbox) -> None:
    """Each of two branches merges the other's older commit, then they meet."""
    for branch, table in (("left", "0003_c"), ("right", "0004_d")):
        repo.git("switch", "--quiet", "--create", branch, "main")
        repo.table(table, table[-1])
        repo.commit(table)
    repo.git("switch", "--quiet", "left")
    merge(repo, "right")
    repo.git("switch", "--quiet", "--detach", "right")
    merge(repo, "left~1")
    repo.table("0005_e", "e")
    repo.commit("0005_e")
    repo.git("tag", "other")
    repo.git("switch", "--quiet", "left")
    merge(repo, "other")
    found = subjects(repo)
    assert len(found) == len(set(found))
    assert set(found) >= {"0003_c", "0004_d", "0005_e", "Merge right", "a and b"}
    assert found == one_by_one(repo)


def test_a_change_that_a_merge_threw_away_is_still_listed(repo: Sandbox) -> None:
    """`git log` simplifies such a branch away unless it is told not to."""
    repo.git("switch", "--quiet", "--create", "side")
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("switch", "--quiet", "main")
    merge(repo, "side", "--strategy=ours")
    assert subjects(repo) == one_by_one(repo) == ["c", "a and b"]


def test_a_folder_that_moves_is_found_at_both_places(repo: Sandbox) -> None:
    repo.git("switch", "--quiet", "--create", "moved")
    (repo.root / "db").mkdir()
    repo.git("mv", "migrations", "db/migrations")
    repo.commit("move")
    repo.table("../db/migrations/0003_c", "c")
    repo.commit("c")
    assert subjects(repo, folders=("db/migrations", "migrations")) == ["c", "move", "a and b"]


def test_a_shallow_clone_leaves_out_the_commit_at_which_it_ends(repo: Sandbox, tmp_path: Path) -> None:
    for number, table in ((3, "c"), (4, "d")):
        repo.table(f"000{number}_{table}", table)
        repo.commit(table)
    repo.git("clone", "--quiet", "--depth=2", repo.root.as_uri(), str(tmp_path / "shallow"))
    shallow = Sandbox(tmp_path / "shallow", {})
    assert subjects(shallow) == one_by_one(shallow) == ["d"]


def test_the_folder_may_be_the_whole_repository(make_sandbox: Callable[..., Sandbox]) -> None:
    made = make_sandbox()
    made.write("0001_a.sql", "-- migrate:up\n")
    made.commit("a")
    made.git("commit", "--quiet", "--allow-empty", "-m", "empty")
    assert subjects(made, folders=(".",)) == ["a"]


@pytest.mark.parametrize("subject", [SEPARATOR, "ünï", "two\x1erecords", "tab\there", "%H $(x)"], ids=ascii)
def test_a_subject_may_be_anything(empty: Sandbox, subject: str) -> None:
    empty.table("0001_a", "a")
    empty.commit(subject)
    assert subjects(empty) == [subject]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("log.follow", "true"),
        ("log.showSignature", "true"),
        ("log.decorate", "full"),
        ("log.date", "relative"),
        ("log.showRoot", "false"),
        ("log.diffMerges", "first-parent"),
        ("format.pretty", "fuller"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
        pytest.param("i18n.logOutputEncoding", "ISO-8859-1"),
    ],
)
def test_what_the_user_configured_for_git_log_does_not_matter(empty: Sandbox, key: str, value: str) -> None:
    empty.table("0001_a", "a")
    empty.commit("ü")
    empty.table("0002_b", "b")
    empty.commit("b")
    empty.git("config", key, value)
    assert subjects(empty) == ["b", "ü"]


def found(sandbox: Sandbox) -> BranchPoint | None:
    return branch_point(Repository.open(sandbox.root))


def test_a_branch_leaves_the_default_branch_at_the_merge_base(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox()
    base = repo.commit("base")
    repo.git("switch", "--quiet", "--create", "topic")
    repo.commit("topic")
    repo.git("switch", "--quiet", "main")
    repo.commit("main goes on")
    repo.git("switch", "--quiet", "topic")
    assert found(repo) == BranchPoint(commit=base, of="main")


@pytest.mark.parametrize("name", ["master", "trunk"])
def test_the_default_branch_itself_is_compared_with_its_last_commit(
    make_sandbox: Callable[..., Sandbox], name: str
) -> None:
    repo = make_sandbox()
    head = repo.commit("a")
    repo.git("branch", "--quiet", "-m", name)
    assert found(repo) == BranchPoint(commit=head, of="HEAD")


def test_the_remote_says_which_branch_is_the_default(make_sandbox: Callable[..., Sandbox]) -> None:
    origin, clone = make_sandbox("origin"), make_sandbox("clone")
    origin.git("switch", "--quiet", "--create", "trunk")
    base = origin.commit("a")
    clone.git("remote", "add", "origin", str(origin.root))
    clone.git("fetch", "--quiet")
    clone.git("remote", "set-head", "origin", "trunk")
    clone.git("reset", "--quiet", "--hard", "origin/trunk")
    clone.commit("b")
    assert found(clone) == BranchPoint(commit=base, of="origin/trunk")


def test_without_a_default_branch_the_upstream_counts(make_sandbox: Callable[..., Sandbox]) -> None:
    origin, clone = make_sandbox("origin"), make_sandbox("clone")
    origin.git("switch", "--quiet", "--create", "trunk")
    base = origin.commit("a")
    clone.git("remote", "add", "origin", str(origin.root))
    clone.git("fetch", "--quiet")
    clone.git("switch", "--quiet", "--create", "trunk", "--track", "origin/trunk")
    clone.commit("b")
    assert found(clone) == BranchPoint(commit=base, of="origin/trunk")


def test_unrelated_histories_have_nothing_to_compare_with_but_head(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox()
    repo.commit("a")
    repo.git("switch", "--quiet", "--orphan", "other")
    head = repo.commit("b")
    assert found(repo) == BranchPoint(commit=head, of="HEAD")


def test_before_the_first_commit_there_is_nothing(make_sandbox: Callable[..., Sandbox]) -> None:
    assert found(make_sandbox()) is None


def test_a_root_has_no_parent(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox()
    root = repo.commit("a")
    second = repo.commit("b")
    opened = Repository.open(repo.root)
    assert (first_parent(opened, second), first_parent(opened, root)) == (root, None)
