"""Pieces of SQL that are put behind each other."""

from __future__ import annotations

import pytest

from gitmig.migrations.parser import terminated


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", "SELECT 1;"),
        ("SELECT 1;", "SELECT 1;"),
        ("SELECT 1; -- done", "SELECT 1; -- done"),
        ("SELECT 1 -- done;", "SELECT 1; -- done;"),
        ("SELECT ';' /* ; */", "SELECT ';'; /* ; */"),
        ("-- nothing", "-- nothing"),
        ("SELECT 'é'", "SELECT 'é';"),
        ("SELECT 'open", "SELECT 'open"),
    ],
)
def test_a_semicolon_stands_behind_the_last_statement(text: str, expected: str) -> None:
    assert terminated(text) == expected
