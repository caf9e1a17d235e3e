"""Every kind of repository that git knows: the same commands do the same in each, or say what is in their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import REFTABLE, Sandbox, git_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database

    # From an ordinary repository and an empty folder's path to a sandbox, which gets the environment.
    Kind = Callable[[Sandbox, Path, dict[str, str]], Sandbox]

PROTOCOL = ("-c", "protocol.file.allow=always")  # git clones no submodule from a path without it


def fill(sandbox: Sandbox) -> Sandbox:
    """On main table a, on `more` table b as well."""
    sandbox.table("0001_a", "a")
    sandbox.write("app/main.py", "pass\n")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "more")
    sandbox.table("0002_b", "b")
    sandbox.commit("b")
    sandbox.git("switch", "--quiet", "main")
    return sandbox


def made(path: Path, environment: dict[str, str], *options: str) -> Sandbox:
    path.mkdir()
    sandbox = Sandbox(path, environment)
    sandbox.git("init", "--quiet", "--initial-branch=main", *options)
    return fill(sandbox)


def cloned(origin: Sandbox, path: Path, environment: dict[str, str], *options: str) -> Sandbox:
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("clone", "--quiet", *options, origin.root.as_uri(), str(path))
    clone = Sandbox(path, environment)
    clone.git("branch", "--quiet", "--track", "more", "origin/more")
    return clone


def ordinary(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return made(path, environment)


def sha256(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return made(path, environment, "--object-format=sha256")


def reftable(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return made(path, environment, "--ref-format=reftable")


def linked_reftable(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    first = made(path.with_name("first"), {}, "--ref-format=reftable")
    first.git("switch", "--quiet", "--detach")
    first.git("worktree", "add", "--quiet", str(path), "main")
    return Sandbox(path, environment)


def separate_git_dir(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return made(path, environment, f"--separate-git-dir={path}.git")


def work_tree_elsewhere(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """With core.worktree, and no `.git` in the work tree: git finds it from its git directory only."""
    sandbox = made(path, environment)
    (path / ".git").rename(f"{path}.git")
    environment["GIT_DIR"] = f"{path}.git"
    Sandbox(path, environment).git("config", "core.worktree", str(path))
    return Sandbox(sandbox.root, environment)


def exported(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """A bare repository whose work tree is named by variables, as people keep their dot files."""
    made(path, {})
    (path / ".git").rename(f"{path}.git")
    Sandbox(path, {"GIT_DIR": f"{path}.git"}).git("config", "core.bare", "true")
    return Sandbox(path, environment | {"GIT_DIR": f"{path}.git", "GIT_WORK_TREE": str(path)})


def exported_though_it_is_here(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return made(path, environment | {"GIT_DIR": f"{path}/.git"})


def linked(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    first = made(path.with_name("first"), {})
    first.git("switch", "--quiet", "--detach")
    first.git("worktree", "add", "--quiet", str(path), "main")
    return Sandbox(path, environment)


def beside_a_bare_clone(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    origin.git("clone", "--quiet", "--bare", str(origin.root), f"{path}.git")
    origin.git("--git-dir", f"{path}.git", "symbolic-ref", "HEAD", "refs/heads/trunk")
    Sandbox(path.parent, {}).git("--git-dir", f"{path}.git", "worktree", "add", "--quiet", str(path), "main")
    return Sandbox(path, environment)


def beside_a_bare_clone_with_settings_of_its_own(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """As docs/configuration.md says."""
    sandbox = beside_a_bare_clone(origin, path, {})
    assert "core.bare is in config.worktree now" in sandbox.gitmig("init").out
    sandbox.git("config", "extensions.worktreeConfig", "true")
    sandbox.git("config", "--worktree", "gitmig.database", environment["DATABASE_URL"])
    sandbox.git("add", "--all")
    sandbox.git("commit", "--quiet", "--message", "settings")
    sandbox.git("rebase", "--quiet", "main", "more")
    sandbox.git("switch", "--quiet", "main")
    return sandbox


def shallow(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """Its two branches meet at the commits where it ends."""
    return cloned(origin, path, environment, "--depth=2", "--no-single-branch")


def partial(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return cloned(origin, path, environment, "--filter=blob:none")


def without_trees(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return cloned(origin, path, environment, "--filter=tree:0")


def sparse(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """The migrations are left out of the work tree."""
    clone = cloned(origin, path, environment)
    clone.git("sparse-checkout", "set", "--cone", "app")
    assert not (path / "migrations").exists()
    return clone


def sparse_index(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    clone = cloned(origin, path, environment)
    clone.git("sparse-checkout", "set", "--cone", "--sparse-index", "app")
    return clone


def submodule(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """The project is a submodule: its git directory is in the outer one's."""
    path.mkdir()
    outer = Sandbox(path, environment)
    outer.git("init", "--quiet", "--initial-branch=main")
    outer.git(*PROTOCOL, "submodule", "--quiet", "add", str(origin.root), "inner")
    inner = Sandbox(path / "inner", environment)
    inner.git("branch", "--quiet", "--track", "more", "origin/more")
    return inner


def linked_of_a_submodule(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """With settings of its own, for which core.worktree has to move."""
    inner = submodule(origin, path, {})
    inner.git("switch", "--quiet", "--detach")
    inner.git("worktree", "add", "--quiet", str(path.with_name("second")), "main")
    second = Sandbox(path.with_name("second"), environment)
    second.gitmig("init")
    assert inner.git("rev-parse", "--show-toplevel").out.strip() == str(inner.root)
    second.git("config", "--worktree", "gitmig.database", environment["DATABASE_URL"])
    return second


def around_a_submodule(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    """The project has a submodule beside its migrations."""
    sandbox = made(path, environment)
    sandbox.git(*PROTOCOL, "submodule", "--quiet", "add", str(origin.root), "vendor/library")
    sandbox.commit("library")
    sandbox.git("switch", "--quiet", "more")
    sandbox.git("rebase", "--quiet", "main")
    sandbox.git("switch", "--quiet", "main")
    return sandbox


def odd_path(origin: Sandbox, path: Path, environment: dict[str, str]) -> Sandbox:
    return made(path.with_name('it\'s "ä" $HOME'), environment)


KINDS = (
    ordinary,
    sha256,
    reftable,
    linked_reftable,
    separate_git_dir,
    work_tree_elsewhere,
    exported,
    exported_though_it_is_here,
    linked,
    beside_a_bare_clone,
    beside_a_bare_clone_with_settings_of_its_own,
    shallow,
    partial,
    without_trees,
    sparse,
    sparse_index,
    submodule,
    linked_of_a_submodule,
    around_a_submodule,
    odd_path,
)


@pytest.fixture
def origin(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return fill(make_sandbox("origin"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_command_does_its_work(kind: Kind, origin: Sandbox, tmp_path: Path, database: Database) -> None:
    if "reftable" in kind.__name__ and git_version() < REFTABLE:
        pytest.skip("this git has no reftable")
    repo = kind(origin, tmp_path / "project", {"DATABASE_URL": database.url})
    repo.gitmig("init")
    repo.gitmig("sync", "--yes")
    assert database.tables() == ["a"]
    repo.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"], "the hook"
    repo.git("switch", "--quiet", "main")
    assert database.tables() == ["a"], "and back"
    repo.gitmig("sync", "--yes", "more")
    assert database.tables() == ["a", "b"]
    assert "out of sync" in repo.gitmig("status").out
    repo.gitmig("sync", "--yes")
    assert "in sync" in repo.gitmig("status", "--exit-code").out
    assert "more adds 1 migration, main 0" in repo.gitmig("check", "--no-lint", "main", "more").out
    repo.gitmig("record", "--all")
    repo.git("switch", "--quiet", "more")
    repo.table("0003_c", "c")
    repo.git("add", "--sparse", "migrations")
    assert "  + 0003_c" in repo.git("commit", "--quiet", "--message", "c").err
    assert database.tables() == ["a", "b", "c"]
    assert "Added: 0003_c" in repo.git("log", "-1", "--notes=gitmig").out, "the hook"
    assert repo.git("rev-list", "--count", "refs/notes/gitmig").out.strip() == "1"
    subjects = [line.split(maxsplit=3) for line in repo.gitmig("log").out.splitlines()]
    assert "c" in str(subjects[0])
    assert "0003_c" in repo.gitmig("show", "HEAD").out
    repo.git("status")
