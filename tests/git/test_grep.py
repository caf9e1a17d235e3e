"""Words in the files of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.git.snapshot import grep
from tests.git.conftest import opened

if TYPE_CHECKING:
    from tests.conftest import Sandbox


def found(repo: Sandbox, *words: str, without: tuple[str, ...] = (), patterns: tuple[str, ...] = ()) -> list[str]:
    rows = grep(opened(repo), "HEAD", words, without=without, patterns=patterns)
    return [f"{path}:{line}:{text}" for path, line, text in rows]


def test_whole_words_are_found_with_file_and_line(repo: Sandbox) -> None:
    repo.write("src/äpi.py", "one\ntwo contents: 'x'\ndiscontents\n")
    repo.write("b.py", "-e body\r\n")
    repo.commit("source")
    assert found(repo, "contents", "body", "-e") == ["b.py:1:-e body\r", "src/äpi.py:2:two contents: 'x'"]


def test_what_is_not_committed_does_not_count(repo: Sandbox) -> None:
    repo.write("a.py", "contents")
    assert found(repo, "contents") == []


def test_folders_and_patterns_are_left_out(repo: Sandbox) -> None:
    for path in ("migrations/0003.sql", "docs/a/b.md", "docs[1]/a.md", "app.py", "x/migrations/y.py"):
        repo.write(path, "contents\n")
    repo.commit("source")
    assert found(repo, "contents", without=("migrations", "docs[1]"), patterns=("docs/**",)) == [
        "app.py:1:contents",
        "x/migrations/y.py:1:contents",
    ]


def test_binary_files_are_left_out(repo: Sandbox) -> None:
    repo.write("a.bin", b"contents\0contents")
    repo.commit("binary")
    assert found(repo, "contents") == []
