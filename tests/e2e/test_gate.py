"""The installed hooks that may stop a merge or a push, called by real git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import begin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox
    from tests.originals import Make


def make_branches(sandbox: Sandbox) -> None:
    begin(sandbox)
    sandbox.migration("0001_comments", "CREATE TABLE comments (contents text);", "DROP TABLE comments;")
    sandbox.commit("comments")
    for name in ("clash", "twin", "same"):
        sandbox.git("branch", name)
    sandbox.migration("0002_body", "ALTER TABLE comments RENAME contents TO body;", "SELECT 1;")
    sandbox.commit("body")
    sandbox.git("switch", "--quiet", "clash")
    sandbox.migration("0003_index", "CREATE INDEX i ON comments (contents);", "DROP INDEX i;")
    sandbox.commit("index")
    sandbox.git("switch", "--quiet", "twin")
    sandbox.table("0004_twin", "twin")
    sandbox.commit("twin")
    sandbox.git("switch", "--quiet", "same")
    sandbox.write("app.py", "pass\n")
    sandbox.commit("app")
    sandbox.git("switch", "--quiet", "main")
    sandbox.gitmig("hooks", "install", "--check")


@pytest.fixture
def branches(made_once: Callable[[Make], Sandbox]) -> Sandbox:
    """
    main: table comments, and its column contents is body; checked out
    clash: from before the rename, an index on contents; twin: a table of its own; same: no migration
    """
    return made_once(make_branches)


def head(sandbox: Sandbox) -> str:
    return sandbox.git("rev-parse", "HEAD").out.strip()


def publish(sandbox: Sandbox) -> None:
    """A remote that has main, and whose default branch is main."""
    remote = sandbox.root.parent / "origin.git"
    sandbox.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    sandbox.git("remote", "add", "origin", str(remote))
    sandbox.git("push", "--quiet", "--no-verify", "origin", "main")
    sandbox.git("remote", "set-head", "origin", "main")


def test_a_merge_that_would_break_is_not_committed(branches: Sandbox) -> None:
    before = head(branches)
    result = branches.git("merge", "--no-edit", "clash", check=False)
    assert result.status != 0
    assert "error GM205: " in result.err
    assert "gitmig: stopped; `--no-verify` or GITMIG_SKIP=1 goes on all the same" in result.err
    assert head(branches) == before


@pytest.mark.parametrize("way", ["--no-verify", "GITMIG_SKIP"])
def test_whoever_knows_better_goes_on(branches: Sandbox, way: str) -> None:
    branches.environment["GITMIG_SKIP"] = "1"
    options = [way] if way.startswith("--") else []
    assert branches.git("merge", "--no-edit", *options, "clash").status == 0


def test_a_merge_that_is_harmless_says_nothing(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    result = branches.git("merge", "--no-edit", "twin")
    assert "GM" not in result.err + result.out
    assert python_calls("pre-merge-commit") == 1


def test_a_merge_without_migrations_ends_in_the_shell(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    branches.git("merge", "--no-edit", "same")
    assert python_calls("pre-merge-commit") == 0


def test_a_push_of_what_clashes_with_the_default_branch_is_stopped(branches: Sandbox) -> None:
    publish(branches)
    result = branches.git("push", "origin", "clash", check=False)
    assert result.status != 0
    assert "error GM205: " in result.err
    assert branches.git("ls-remote", "origin", "clash").out == ""
    assert branches.git("push", "--no-verify", "origin", "clash").status == 0


def test_a_push_that_is_harmless_goes_through(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    publish(branches)
    branches.git("push", "origin", "twin")
    assert python_calls("pre-push") == 1


def test_a_push_without_migrations_ends_in_the_shell(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    publish(branches)
    branches.git("push", "origin", "same")
    branches.git("push", "origin", "same")
    branches.git("push", "origin", ":same")
    assert python_calls("pre-push") == 0


def test_a_hook_that_was_there_gets_the_same_list(branches: Sandbox) -> None:
    publish(branches)
    branches.gitmig("hooks", "uninstall")
    hook = branches.write(".git/hooks/pre-push", '#!/bin/sh\ncat > listed; echo "$1" >> listed\n')
    hook.chmod(0o755)
    branches.gitmig("hooks", "install", "--check")
    assert branches.git("push", "origin", "clash", check=False).status != 0
    clash = branches.git("rev-parse", "clash").out.strip()
    assert (branches.root / "listed").read_text() == f"refs/heads/clash {clash} refs/heads/clash {'0' * 40}\norigin\n"


def test_a_hook_that_was_there_and_refuses_ends_it(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    publish(branches)
    hook = branches.write(".git/hooks/pre-push.pre-gitmig", "#!/bin/sh\nexit 7\n")
    hook.chmod(0o755)
    assert branches.git("push", "origin", "twin", check=False).status != 0
    assert python_calls("pre-push") == 0


def test_what_cannot_be_decided_stops_nobody(branches: Sandbox) -> None:
    publish(branches)
    branches.git("remote", "set-head", "origin", "--delete")
    branches.git("update-ref", "-d", "refs/remotes/origin/main")
    branches.git("branch", "--quiet", "--move", "main", "trunk")
    result = branches.git("push", "origin", "clash")
    assert "warning: not checked: there is no branch to check against" in result.err
