"""The statements of many files are the same, whoever reads them."""

from __future__ import annotations

import sys

import pytest

from gitmig.check.clients.statements import Statement, statements
from gitmig.project import statement_reader
from gitmig.project.statement_reader import read_statements

SOURCES = [
    (f"file{number}.py", f"x = 1\nrun('SELECT {number} AS \"größe\" FROM comments')\n" + "y = 2\n" * number)
    for number in range(7)
]
EXPECTED = [statements(*source) for source in SOURCES]


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_reader, "WORTH_IT", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def test_another_process_reads_half_of_the_files(others: None, monkeypatch: pytest.MonkeyPatch) -> None:
    read_here: list[str] = []

    def read(path: str, text: str) -> list[Statement]:
        read_here.append(path)
        return statements(path, text)

    monkeypatch.setattr(statement_reader, "statements", read)
    assert read_statements(SOURCES) == EXPECTED
    assert all(EXPECTED)
    assert len(read_here) in {3, 4}


@pytest.mark.parametrize("python", ["", "/nowhere/python", "/bin/false", "/bin/echo"])
def test_this_process_reads_them_all_if_the_other_one_does_not(
    others: None, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    assert read_statements(SOURCES) == EXPECTED


def test_few_files_are_not_worth_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    assert read_statements(SOURCES) == EXPECTED
    assert read_statements([]) == []
