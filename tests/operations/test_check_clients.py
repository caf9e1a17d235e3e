"""Source code of a commit that still uses what migrations take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.findings import Finding, Severity
from gitmig.check.footprint import footprint
from gitmig.project.clients import find_clients
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Sandbox

RENAME = "ALTER TABLE comments RENAME COLUMN contents TO body;"
API = "import db\n\ndef read(id):\n    return db.one('SELECT contents FROM comments WHERE id = %s', id)\n"


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    made = make_sandbox()
    made.write("src/api.py", API)
    made.migration("0001_comments", "CREATE TABLE comments (contents text);")
    made.migration("0002_body", RENAME)
    made.commit("source")
    return made


def run(repo: Sandbox, up: str = RENAME) -> list[Finding]:
    return find_clients(Project.load(repo.root), "HEAD", [("0002_body", footprint(up))])


def messages(repo: Sandbox, up: str = RENAME) -> list[str]:
    return [finding.message for finding in run(repo, up)]


def test_a_use_is_a_note_with_file_and_line(repo: Sandbox) -> None:
    assert run(repo) == [
        Finding(
            code="GM601",
            severity=Severity.NOTE,
            message="src/api.py:4 still reads comments.contents",
            hint="0002_body renames it to body: let the code follow, or write `gitmig: ignore` on the line",
            migrations=("0002_body",),
            objects=("column comments.contents",),
            path="src/api.py",
            line=4,
            doubt=None,
        )
    ]


def test_a_dropped_table_is_looked_for_as_well(repo: Sandbox) -> None:
    assert messages(repo, "DROP TABLE comments") == ["src/api.py:4 still reads comments"]


def test_migrations_themselves_are_no_clients(repo: Sandbox) -> None:
    repo.git("rm", "--quiet", "src/api.py")
    repo.commit("no source")
    assert messages(repo) == []


def test_the_commit_counts_not_the_work_tree(repo: Sandbox) -> None:
    repo.write("src/api.py", API.replace("contents", "body"))
    assert len(messages(repo)) == 1
    repo.commit("follow")
    assert messages(repo) == []


def test_files_of_the_ignore_list_are_left_out(repo: Sandbox) -> None:
    repo.write("gitmig.toml", 'clients_ignore = ["docs/**", "src/a*.py"]\n')
    assert messages(repo) == []


def test_a_line_that_says_so_is_left_out(repo: Sandbox) -> None:
    repo.write("src/api.py", API.replace("id)\n", "id)  # gitmig: ignore\n", 2))
    repo.commit("ignore")
    assert messages(repo) == []


def test_migrations_that_take_nothing_away_start_no_search(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitmig.project.clients.grep", None)
    assert messages(repo, "ALTER TABLE comments ADD likes int") == []
