"""The database follows where another tool owns the hooks: real git, and stand-ins for the tools."""

from __future__ import annotations

import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from gitmig.git.hook_managers import shell_line
from tests.hook_managers import MANAGERS, pre_commit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database, Sandbox


@pytest.fixture
def repo(sandbox: Sandbox) -> Sandbox:
    """main has table a, and the database, too; hooks are installed."""
    sandbox.table("0001_a", "a")
    sandbox.gitmig_here("sync")
    return sandbox


def add_branch(repo: Sandbox) -> None:
    """`more` has table b as well; main is checked out."""
    repo.commit("a")
    repo.git("switch", "--quiet", "--create", "more")
    repo.table("0002_b", "b")
    repo.commit("b")
    repo.gitmig_here("sync")
    repo.git("switch", "--quiet", "main")


@pytest.mark.parametrize("name", MANAGERS)
def test_the_database_follows_through_another_tool_also_after_its_next_run(
    repo: Sandbox, database: Database, tmp_path: Path, name: str
) -> None:
    for path, text in MANAGERS[name].files.items():
        repo.write(path, text)
    MANAGERS[name].run(repo)
    assert repo.gitmig("hooks", "install", "--yes").status == 0
    add_branch(repo)
    assert database.tables() == ["a"]
    MANAGERS[name].run(repo)
    repo.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]
    repo.git("switch", "--quiet", "main")
    calls = count_pythons(repo)
    repo.git("switch", "--quiet", "--create", "same")
    assert not calls.exists(), "a checkout that changes no migration ends in the shell"
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "more")
    assert database.tables() == ["a", "b"]


def test_what_git_tells_through_another_tool_is_heard(repo: Sandbox, database: Database) -> None:
    """What hooks read, and what only git's command line tells: between git and gitmig are the tool and its shells."""
    add_branch(repo)
    events = ("post-index-change", "reference-transaction")
    repo.write("lefthook.yml", "".join(f"{event}:\n  jobs:\n    - run: x\n" for event in events))
    MANAGERS["lefthook"].run(repo)
    assert repo.gitmig("hooks", "install", "--yes").status == 0
    repo.git("cherry-pick", "--no-commit", "more")
    assert database.tables() == ["a", "b"]
    repo.git("reset", "--quiet", "--hard")
    assert database.tables() == ["a"]
    repo.git("reset", "--quiet", "--hard", "more")
    assert database.tables() == ["a", "b"]


def count_pythons(repo: Sandbox) -> Path:
    """A file that is there once a hook has started Python."""
    log, wrapper = repo.root.parent / "calls", repo.root.parent / "python"
    wrapper.write_text(f'#!/bin/sh\n: > {shlex.quote(str(log))}\nexec {shlex.quote(sys.executable)} "$@"\n')
    wrapper.chmod(0o755)
    for folder in (".git/hooks", ".git/gitmig/hooks"):
        for hook in (repo.root / folder).iterdir():
            hook.write_text(hook.read_text().replace(f"python={sys.executable}", f"python={wrapper}"))
    return log


def test_pre_commit_in_either_order(repo: Sandbox, database: Database) -> None:
    add_branch(repo)
    pre_commit(repo)
    repo.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]
    repo.gitmig("hooks", "uninstall")
    repo.gitmig("hooks", "install")
    repo.git("switch", "--quiet", "main")
    assert database.tables() == ["a"]
    pre_commit(repo)
    repo.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]


def test_a_clone_without_gitmig_notices_nothing_of_a_committed_line(repo: Sandbox, tmp_path: Path) -> None:
    repo.write("hooks/post-commit", "#!/bin/sh\n:\n").chmod(0o755)
    repo.git("config", "core.hooksPath", "hooks")
    repo.commit("a folder of hooks")
    repo.gitmig("hooks", "install", "--yes")
    repo.commit("hooks")
    repo.git("clone", "--quiet", str(repo.root), str(tmp_path / "clone"))
    repo.run("git", "config", "core.hooksPath", "hooks", cwd=tmp_path / "clone")
    said = repo.run("git", "switch", "--create", "x", cwd=tmp_path / "clone")
    assert (said.status, said.out, said.err) == (0, "", "Switched to a new branch 'x'\n")


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_the_line_is_read_by_every_shell(repo: Sandbox, tmp_path: Path, shell: str) -> None:
    if shutil.which(shell.split(maxsplit=1)[0]) is None:
        pytest.skip(f"{shell} is not installed")
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    script = repo.root / ".git/gitmig/hooks/post-checkout"
    for text, said in [('#!/bin/sh\necho "$# $2"\nexit 7\n', (7, "2 b c\n")), (None, (0, ""))]:
        if text:
            script.write_text(text)
        else:
            script.unlink()
        for cwd in (repo.root, tmp_path / "linked"):
            command = [*shell.split(), "-e", "-c", shell_line("post-checkout"), "hook", "a", "b c"]
            done = repo.run(*command, check=False, cwd=cwd)
            assert (done.status, done.out) == said


def test_what_is_not_asked_for_is_printed(repo: Sandbox) -> None:
    MANAGERS["husky 9"].run(repo)
    said = repo.gitmig("hooks", "install", check=False)
    assert said.status == 3
    assert ".husky/post-checkout needs\n    #!/bin/sh\n    # gitmig keeps" in said.out
    assert said.err == (
        "error: husky owns these hooks, and none of its files was changed\n"
        "hint: `gitmig hooks install --yes` writes the lines above, or write them yourself\n"
    )
    warned = repo.gitmig("init")
    assert warned.err.startswith("warning: husky owns these hooks, and none of its files was changed; ")


def test_sync_and_status_say_that_the_hooks_are_dead(repo: Sandbox) -> None:
    words = (
        "git does not call gitmig after post-checkout, post-merge, post-rewrite, post-commit: "
        "in .husky/_, where core.hooksPath leads, is a hook of husky; run `gitmig hooks install`"
    )
    assert repo.gitmig("sync").err == ""
    assert "hooks" not in repo.gitmig("status").out
    MANAGERS["husky 9"].run(repo)
    assert repo.gitmig("sync").err == f"warning: {words}\n"
    assert f"hooks      {words}\n" in repo.gitmig("status").out


def test_the_public_entry_does_what_the_hook_does(repo: Sandbox, database: Database) -> None:
    add_branch(repo)
    repo.gitmig("hooks", "uninstall")
    repo.git("switch", "--quiet", "more")
    ids = [repo.git("rev-parse", name).out.strip() for name in ("main", "more")]
    repo.gitmig("hooks", "run", "post-index-change", "0", "0")
    assert database.tables() == ["a"], "nothing but the index"
    repo.gitmig("hooks", "run", "post-rewrite", "amend")
    assert database.tables() == ["a"], "post-commit has told"
    repo.gitmig("hooks", "run", "post-checkout", *ids, "1")
    assert database.tables() == ["a", "b"]
    assert repo.gitmig("hooks", "run", "pre-rebase", "main", check=False).status == 2


def test_an_own_hook_may_call_the_public_entry(repo: Sandbox, database: Database) -> None:
    add_branch(repo)
    repo.gitmig("hooks", "uninstall")
    gitmig = f"{shlex.quote(sys.executable)} -m gitmig"
    repo.write(".git/hooks/post-checkout", f'#!/bin/sh\n{gitmig} hooks run post-checkout "$@"\n').chmod(0o755)
    repo.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]
