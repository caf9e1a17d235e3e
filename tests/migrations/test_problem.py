"""What is wrong with migration files, as one error."""

from __future__ import annotations

import pytest

from gitmig.migrations.model import InvalidMigrations, Problem

FIRST = Problem(path="migrations/0001_a.sql", line=1, message="no section migrate:up", hint="write one")
SECOND = Problem(path="migrations/0001_a.sql", line=10, message="unknown option foo", hint="leave it out")
WHOLE_FILE = Problem(path="migrations/0001_a.sql", message="is a submodule", hint="put the file here")
OTHER_FILE = Problem(path="migrations/0002_b.sql", line=1, message="is not UTF-8 text", hint="save it as UTF-8")


@pytest.mark.parametrize(
    ("problem", "place"),
    [
        pytest.param(FIRST, "migrations/0001_a.sql:1", id="a line"),
        pytest.param(WHOLE_FILE, "migrations/0001_a.sql", id="the file as a whole"),
    ],
)
def test_a_place_is_a_link_for_editors(problem: Problem, place: str) -> None:
    assert problem.place == place


def test_one_problem_is_the_error() -> None:
    error = InvalidMigrations([FIRST])
    assert str(error) == error.message == "migrations/0001_a.sql:1: no section migrate:up"
    assert error.hint == "write one"
    assert error.details == ()
    assert error.exit_code == 3


def test_all_problems_are_told_by_file_and_line() -> None:
    """Line 10 comes behind line 1, and what concerns the whole file comes first."""
    error = InvalidMigrations([OTHER_FILE, SECOND, FIRST, WHOLE_FILE])
    assert error.problems == (WHOLE_FILE, FIRST, SECOND, OTHER_FILE)
    assert error.message == "4 problems in the migration files"
    assert error.hint == "nothing was changed; correct them and try again"
    assert error.details == (
        "migrations/0001_a.sql: is a submodule (put the file here)",
        "migrations/0001_a.sql:1: no section migrate:up (write one)",
        "migrations/0001_a.sql:10: unknown option foo (leave it out)",
        "migrations/0002_b.sql:1: is not UTF-8 text (save it as UTF-8)",
    )
