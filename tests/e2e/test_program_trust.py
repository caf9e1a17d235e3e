"""Ways in which a commit that somebody only looks at could have a hook run something else than was approved."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database, Sandbox

USES_HELPER = (
    "import helper\n"
    "def upgrade(connection):\n    connection.execute(f'CREATE TABLE {helper.NAME} ()')\n"
    "def downgrade(connection):\n    connection.execute(f'DROP TABLE {helper.NAME}')\n"
)
PRINTS = "#!/bin/sh\n[ $1 = up ] && echo 'CREATE TABLE a ();' || echo 'DROP TABLE a;'\n"


@dataclass(frozen=True)
class Stranger:
    """Somebody with a fork, whose branch is fetched as `pr`, and who would like to see `loot` in this folder."""

    sandbox: Sandbox
    fork: Path
    loot: Path

    def proposes(self, change: Callable[[Path], None]) -> None:
        """Commit a change to the fork, and have it fetched."""
        change(self.fork)
        self.sandbox.run("git", "add", "--all", "--force", cwd=self.fork)
        self.sandbox.run("git", "commit", "--quiet", "-m", "proposal", cwd=self.fork)
        self.sandbox.git("fetch", "--quiet", str(self.fork), "+main:refs/remotes/fork/main")

    def script(self, path: str, then: str = "") -> Callable[[Path], None]:
        """A change that puts a program of the stranger's at a path."""

        def change(fork: Path) -> None:
            file = fork / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"#!/bin/sh\ntouch {self.loot}\n{then or 'exit 1'}\n")
            file.chmod(0o755)

        return change

    @property
    def helper(self) -> Callable[[Path], None]:
        """A change to what lies beside a program."""

        def change(fork: Path) -> None:
            text = f"NAME = 'evil'\nopen({str(self.loot)!r}, 'w')\n"
            (fork / "migrations/helper.py").write_text(text)

        return change


def a_stranger(sandbox: Sandbox, tmp_path: Path) -> Stranger:
    fork = tmp_path / "fork"
    sandbox.git("clone", "--quiet", "--branch", "main", str(sandbox.root), str(fork))
    return Stranger(sandbox, fork, tmp_path / "loot")


@pytest.fixture
def stranger(sandbox: Sandbox, tmp_path: Path) -> Stranger:
    """One who knows a project with a program that was approved, and a helper beside it."""
    sandbox.write("README", "x")
    sandbox.write(".gitignore", ".venv\nnode_modules\n")
    sandbox.commit("before")
    sandbox.write("migrations/helper.py", "NAME = 'good'\n")
    sandbox.program("0001_a.py", USES_HELPER)
    sandbox.commit("one")
    sandbox.gitmig("sync", "--trust")
    return a_stranger(sandbox, tmp_path)


def test_an_interpreter_that_a_commit_brings_along(sandbox: Sandbox, stranger: Stranger, database: Database) -> None:
    fake = sandbox.write(".venv/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    fake.chmod(0o755)
    sandbox.gitmig("sync", "--trust")
    sandbox.gitmig("trust", "--yes")
    change = stranger.script(".venv/bin/python", f'exec {sys.executable} "$@"')

    def both(fork: Path) -> None:
        change(fork)
        (fork / "migrations/0001_a.py").unlink()

    stranger.proposes(both)
    switched = sandbox.git("switch", "--quiet", "--detach", "fork/main")
    assert not stranger.loot.exists(), switched
    assert database.tables() == ["good"]


def test_an_amended_message_approves_of_nothing(sandbox: Sandbox, stranger: Stranger, database: Database) -> None:
    stranger.proposes(stranger.helper)
    sandbox.git("switch", "--quiet", "--detach", "main^")
    assert database.tables() == []
    sandbox.git("switch", "--quiet", "-c", "look", "fork/main")
    assert not stranger.loot.exists()
    sandbox.git("commit", "--quiet", "--amend", "-m", "better words")
    assert not stranger.loot.exists()
    assert database.tables() == []


def test_a_rebase_approves_of_nothing(sandbox: Sandbox, stranger: Stranger, database: Database) -> None:
    stranger.proposes(stranger.helper)
    sandbox.write("README", "y")
    sandbox.commit("more")
    sandbox.git("switch", "--quiet", "--detach", "main^^")
    assert database.tables() == []
    sandbox.git("switch", "--quiet", "-c", "look", "fork/main")
    sandbox.git("rebase", "--quiet", "main")
    sandbox.git("commit", "--quiet", "--allow-empty", "-m", "on top")
    assert not stranger.loot.exists()
    sandbox.git("switch", "--quiet", "--detach", "main~2")
    sandbox.git("switch", "--quiet", "look")
    assert not stranger.loot.exists()
    sandbox.git("switch", "--quiet", "main")
    sandbox.git("rebase", "--quiet", "main~2")
    assert database.tables() == ["good"]


def test_an_unborn_branch_does_not_make_files_ones_own(
    sandbox: Sandbox, stranger: Stranger, database: Database
) -> None:
    stranger.proposes(stranger.helper)
    sandbox.git("switch", "--quiet", "--detach", "main^")
    assert database.tables() == []
    sandbox.git("checkout", "--quiet", "--orphan", "new", "fork/main")
    sandbox.gitmig("hook", "post-checkout", "0", "0", "1", check=False)
    assert not stranger.loot.exists()


def test_a_tool_that_a_command_names(sandbox: Sandbox, tmp_path: Path, database: Database) -> None:
    sandbox.write("gitmig.toml", '[languages]\nfoo = "tools/run"\n')
    sandbox.write("tools/run", '#!/bin/sh\nexec sh "$@"\n').chmod(0o755)
    sandbox.write("migrations/0001_a.foo", "[ $1 = up ] && echo 'CREATE TABLE a ();' || echo 'DROP TABLE a;'\n")
    sandbox.commit("one")
    sandbox.gitmig("sync", "--trust")
    stranger = a_stranger(sandbox, tmp_path)
    change = stranger.script("tools/run", 'exec sh "$@"')

    def both(fork: Path) -> None:
        change(fork)
        (fork / "migrations/0001_a.foo").unlink()

    stranger.proposes(both)
    sandbox.git("switch", "--quiet", "--detach", "fork/main")
    assert not stranger.loot.exists()
    assert database.tables() == ["a"]


def test_a_commit_without_migrations_of_its_own_is_followed(
    sandbox: Sandbox, stranger: Stranger, database: Database
) -> None:
    """Where nothing has to run, nothing has to be trusted."""

    def change(fork: Path) -> None:
        (fork / "README").write_text("z")

    stranger.proposes(change)
    switched = sandbox.git("switch", "--quiet", "--detach", "fork/main")
    assert (switched.err, database.tables()) == ("", ["good"])


def test_what_was_printed_is_believed_if_it_is_known(sandbox: Sandbox, database: Database) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    sandbox.commit("one")
    sandbox.gitmig("sync")
    sandbox.program("0002_b.sh", PRINTS.replace(" a;", " b;").replace(" a ", " b "))
    sandbox.gitmig("trust", "--yes")
    assert sandbox.commit("two")
    assert database.tables() == ["a", "b"]  # by the hook
    sandbox.migration("0003_c", "CREATE TABLE c ();", "DROP TABLE c;")
    sandbox.commit("three")
    assert database.tables() == ["a", "b", "c"]
    database.rows("UPDATE gitmig.applied SET printed = printed || 'CREATE TABLE evil ();' WHERE printed IS NOT NULL")
    switched = sandbox.git("switch", "--quiet", "--detach", "main^")
    assert "the ledger has 0002_b, of which this clone knows no script; nothing was synced" in switched.err
    assert database.tables() == ["a", "b", "c"]


def test_ones_own_rebased_branch_is_followed(sandbox: Sandbox, stranger: Stranger, database: Database) -> None:
    sandbox.git("switch", "--quiet", "-c", "topic")
    sandbox.program("0003_c.sh", PRINTS.replace(" a;", " c;").replace(" a ", " c "))
    sandbox.commit("topic")
    sandbox.gitmig("sync", "--trust")
    sandbox.git("switch", "--quiet", "main")
    sandbox.table("0002_b", "b")
    sandbox.commit("more")
    assert database.tables() == ["b", "good"]
    sandbox.git("switch", "--quiet", "topic")
    sandbox.git("rebase", "--quiet", "main")
    sandbox.git("commit", "--quiet", "--amend", "-m", "better words")
    assert database.tables() == ["b", "c", "good"]


def test_what_is_checked_out_of_a_proposal_beside_a_program_is_not_run(
    sandbox: Sandbox, database: Database, stranger: Stranger
) -> None:
    """HEAD is trusted then, and the work tree is not."""
    stranger.proposes(stranger.helper)
    sandbox.git("switch", "--quiet", "--detach", "main^")
    checked_out = sandbox.git("checkout", "fork/main", "--", "migrations")
    assert "nothing was synced" in checked_out.err
    assert not stranger.loot.exists()


def test_nor_when_git_has_forgotten_where_it_is_from(sandbox: Sandbox, database: Database, stranger: Stranger) -> None:
    stranger.proposes(stranger.helper)
    sandbox.git("update-ref", "-d", "refs/remotes/fork/main")
    sandbox.git("switch", "--quiet", "--detach", "main^")
    sandbox.git("fetch", "--quiet", str(stranger.fork), "HEAD")
    assert "nothing was synced" in sandbox.git("checkout", "FETCH_HEAD", "--", "migrations").err
    sandbox.git("fetch", "--quiet", ".")
    assert "nothing was synced" in sandbox.git("switch", "--create", "mine").err
    assert not stranger.loot.exists()
