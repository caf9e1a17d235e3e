"""What the shell is offered after Tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete

from gitmig.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database, Result, Sandbox


def completed(*words: str) -> list[str]:
    """What is offered for the last word."""
    found = ShellComplete(cli, {}, "gitmig", "_GITMIG_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [item.value for item in found]


@pytest.fixture
def refs(repo: Sandbox) -> Sandbox:
    """A repository with a branch, a remote one and a tag beside main."""
    repo.git("branch", "feature/x")
    repo.git("update-ref", "refs/remotes/origin/feature/y", "HEAD")
    repo.git("tag", "v1")
    return repo


@pytest.mark.parametrize(
    "words",
    [
        *(
            ("sync",),
            ("adopt",),
            ("show",),
            ("log",),
            ("trust",),
            ("record",),
            ("check",),
            ("check", "main"),
            ("diff",),
        ),
        *(("diff", "main"), ("verify",), ("renumber", "--onto"), ("record", "main"), ("sync", "--dry-run")),
    ],
)
def test_a_revision_is_completed_with_branches_and_tags(refs: Sandbox, words: tuple[str, ...]) -> None:
    assert completed(*words, "") == ["feature/x", "main", "origin/feature/y", "v1"]
    assert completed(*words, "fea") == ["feature/x"]


def test_the_end_of_a_range_is_completed(refs: Sandbox) -> None:
    assert completed("verify", "main..f") == ["main..feature/x"]


def test_another_directory_is_looked_into(refs: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed("-C", str(refs.root), "sync", "v") == ["v1"]


def test_values_of_options_are_completed(repo: Sandbox) -> None:
    repo.table("0002_b", "b")
    assert completed("init", "--layout", "") == ["single", "paired", "directory", "goose", "alembic", "django"]
    assert completed("check", "--format", "s") == ["sarif"]
    assert completed("new", "--squash", "") == ["0001_a", "0002_b"]


def test_commands_are_completed() -> None:
    assert completed("s") == ["sync", "status", "show"]
    assert completed("kept", "r") == ["restore"]


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize("command", ["show", "restore", "drop"])
def test_kept_rows_are_completed_by_number(gitmig: Callable[..., Result], database: Database, command: str) -> None:
    assert completed("kept", command, "") == []
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1)")
    database.rows("ALTER TABLE a ADD x int")
    database.rows("UPDATE a SET x = 1")
    gitmig("sync", "--discard-drift")
    assert completed("kept", command, "") == ["1"]


@pytest.mark.parametrize("words", [("sync",), ("new", "--squash"), ("kept", "show")])
def test_without_a_repository_there_is_nothing_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed(*words, "") == []
    assert capfd.readouterr() == ("", "")


def test_without_a_database_there_is_nothing_and_nothing_is_said(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost:1/nowhere")
    assert completed("kept", "show", "") == []
    monkeypatch.delenv("DATABASE_URL")
    repo.git("config", "--unset-all", "gitmig.database", check=False)
    assert completed("kept", "show", "") == []
    assert not (repo.root / ".git/gitmig/postgres").exists(), "no embedded server is made for it"
    assert capfd.readouterr() == ("", "")


def test_the_shell_gets_what_it_asks_for(refs: Sandbox) -> None:
    asked = {"_GITMIG_COMPLETE": "bash_complete", "COMP_WORDS": "gitmig sync fea", "COMP_CWORD": "2"}
    refs.environment |= asked
    assert refs.gitmig().out == "plain,feature/x\n"
    refs.environment["_GITMIG_COMPLETE"] = "zsh_source"
    assert "#compdef gitmig" in refs.gitmig().out
