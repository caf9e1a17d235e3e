"""What is asked of git directly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, UsageError
from gitmig.git.repository import Repository
from tests.conftest import Sandbox
from tests.git.conftest import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_objects_that_are_there_are_told_from_others(repo: Sandbox) -> None:
    blob = repo.git("rev-parse", "HEAD:migrations/0001_a.sql").out.strip()
    loose = repo.git("hash-object", "-w", "migrations/0002_b.sql").out.strip()
    asked = {blob, loose, "0" * 40, "f" * 64, "HEAD", "", "--all", f"{blob}\n", blob[:12]}
    assert opened(repo).present(asked) == {blob, loose}
    repo.git("gc", "--quiet")
    assert opened(repo).present(asked) == {blob, loose}
    assert opened(repo).present([]) == frozenset()


def test_thousands_of_objects_can_be_asked_for(repo: Sandbox) -> None:
    blob = repo.git("rev-parse", "HEAD:migrations/0001_a.sql").out.strip()
    assert opened(repo).present({blob, *(f"{k:040x}" for k in range(2500))}) == {blob}


def test_a_partial_clone_is_asked_without_fetching(repo: Sandbox, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    where = str(tmp_path / "clone")
    repo.run("git", "clone", "--quiet", "--filter=blob:none", "--no-checkout", f"file://{repo.root}", where)
    clone = Sandbox(tmp_path / "clone", {})
    blob = repo.git("rev-parse", "HEAD:migrations/0001_a.sql").out.strip()
    head = repo.git("rev-parse", "HEAD").out.strip()
    assert opened(clone).present({blob, head}) == {head}
    assert opened(clone).is_incomplete
    clone.git("cat-file", "-p", blob)
    assert opened(clone).present({blob}) == {blob}, "fetched by git itself, and known from then on"


@pytest.mark.parametrize(("option", "expected"), [("--depth=1", True), ("--no-hardlinks", False)])
def test_a_clone_that_lacks_history_is_incomplete(repo: Sandbox, tmp_path: Path, option: str, expected: bool) -> None:
    repo.commit("more")
    repo.run("git", "clone", "--quiet", option, f"file://{repo.root}", str(tmp_path / "clone"))
    assert opened(Sandbox(tmp_path / "clone", {})).is_incomplete is expected


def test_a_setting_may_be_given_several_times_in_any_spelling(repo: Sandbox) -> None:
    for role in ("ada", "Bob", "with\nline"):
        repo.git("config", "--add", "gitmig.ledgerRole", role)
    assert opened(repo).configured("gitmig.ledgerRole") == ("ada", "Bob", "with\nline")
    assert opened(repo).configured("gitmig.LEDGERROLE") == ("ada", "Bob", "with\nline")
    assert opened(repo).configured("gitmig.other") == ()


def test_of_a_setting_with_several_values_those_of_the_nearest_place_count(repo: Sandbox) -> None:
    repo.git("config", "extensions.worktreeConfig", "true")
    for place, values in {"--local": ("everywhere",), "--worktree": ("one", "two")}.items():
        for value in values:
            repo.git("config", place, "--add", "gitmig.ignore", value)
    for value in ("a", "b"):
        repo.git("config", "--add", "gitmig.clientsIgnore", value)
    found = opened(repo).config_values
    assert found["gitmig.ignore"] == ("one", "two")
    assert found["gitmig.clientsignore"] == ("a", "b")


def test_objects_are_read_whatever_their_ids_are_made_with(make_sandbox: Callable[..., Sandbox]) -> None:
    made = make_sandbox(kind="sha256")
    made.write("a b", "text")
    commit = made.commit("a")
    repository = opened(made)
    assert (repository.object_id("HEAD"), len(commit)) == (commit, 64)
    assert repository.read_object("HEAD:a b") == (repository.object_id("HEAD:a b"), b"text")
    for missing in ("HEAD:c d", "HEAD:c", "f" * 64, "nowhere"):
        assert (repository.read_object(missing), repository.object_id(missing)) == (None, None)


def test_exported_variables_of_another_repository_are_refused(
    repo: Sandbox, make_sandbox: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_sandbox("other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    with pytest.raises(UsageError) as caught:
        opened(repo)
    assert (
        caught.value.message
        == f"{repo.root} is in the repository {repo.root}/.git, and GIT_DIR={other.root}/.git " + ("names another one")
    )
    assert caught.value.hint == "unset GIT_DIR, or go to a folder that is in no other repository"


def test_exported_variables_of_the_same_repository_change_nothing(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = opened(repo)
    monkeypatch.setenv("GIT_DIR", str(repo.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo.root / "another"))
    below = Repository.open(repo.root / "migrations")
    assert below == plain
    assert below.lines("ls-files") == ["migrations/0001_a.sql", "migrations/0002_b.sql"]
    assert below.object_id("HEAD") == repo.git("rev-parse", "HEAD").out.strip()


def test_a_variable_that_names_nothing_leaves_the_repository_that_is_here(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = opened(repo)
    monkeypatch.setenv("GIT_DIR", "nowhere")
    assert opened(repo) == plain


def test_a_work_tree_that_git_takes_for_bare_is_named_with_the_command_that_mends_it(
    repo: Sandbox, tmp_path: Path
) -> None:
    bare, tree = tmp_path / "bare it's.git", Sandbox(tmp_path / "tree", {})
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(bare))
    repo.git("--git-dir", str(bare), "worktree", "add", "--quiet", "--detach", str(tree.root))
    tree.git("config", "extensions.worktreeConfig", "true")
    assert tree.git("status", check=False).status == 128, "git itself"
    with pytest.raises(GitmigError, match="git takes this work tree for a bare repository: ") as caught:
        opened(tree)
    tree.run("sh", "-c", caught.value.hint or "")
    tree.git("status")
    assert opened(tree).root == tree.root
    assert opened(Sandbox(bare, {})).root is None, "and the bare repository is one still"
    assert opened(tree).separate_worktree_settings() is False


def test_settings_of_work_trees_are_separated_once(repo: Sandbox, tmp_path: Path) -> None:
    bare, tree = Sandbox(tmp_path / "bare.git", {}), Sandbox(tmp_path / "tree", {})
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(bare.root))
    bare.git("worktree", "add", "--quiet", "--detach", str(tree.root))
    assert opened(bare).separate_worktree_settings() is False
    assert opened(tree).separate_worktree_settings() is True
    assert opened(tree).separate_worktree_settings() is False
    tree.git("config", "--worktree", "gitmig.database", "postgresql:///own")
    assert opened(tree).worktree_config == {"gitmig.database": "postgresql:///own"}
    assert opened(bare).config == {}
    assert opened(repo).separate_worktree_settings() is False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_repository_is_refused_with_gits_own_command(repo: Sandbox) -> None:
    os.chown(repo.root, 12345, 12345)
    (repo.root / "below").mkdir()
    with pytest.raises(GitmigError, match="detected dubious ownership in repository at") as caught:
        Repository.open(repo.root / "below")
    assert caught.value.hint == f"git config --global --add safe.directory {repo.root}"


def test_many_objects_are_read_at_once(repo: Sandbox) -> None:
    contents = {b"": "empty", b"\0\n": "binary", b"a missing\n" * 9: "text"}
    for content, name in contents.items():
        repo.write(name, content)
    repo.commit("more")
    ids = {repo.git("rev-parse", f"HEAD:{name}").out.strip(): content for content, name in contents.items()}
    assert opened(repo).read_objects([*ids, "f" * 40, "0"]) == ids
    assert opened(repo).read_objects([]) == {}
