"""The examples of docs/api.md, run in a real repository with a real database."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gitmig

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- (\S+\.py) -->\n```python\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The scene that the page describes."""
    made = make_sandbox(url=database.url)
    made.write("migrations/.keep", "")
    made.commit("Begin")
    made.table("20260101120000_create_comments", "comments")
    made.commit("Create comments")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("DATABASE_URL", database.url)
    return made


def test_the_examples(repo: Sandbox) -> None:
    examples = doctest.DocTestParser().get_doctest(TEXT, {}, "docs/api.md", str(PAGE), 0)
    assert len(examples.examples) > 10
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    said: list[str] = []
    runner.run(examples, out=said.append)
    assert runner.failures == 0, "".join(said)


def test_every_example_is_run() -> None:
    """A block of Python is in a file that a test below runs, or it is a session."""
    assert FILES.keys() == {"app.py", "conftest.py"}
    assert len(re.findall(r"```python\n", TEXT)) == len(FILES)


def test_the_application_starts_only_if_it_is_in_sync(repo: Sandbox) -> None:
    repo.write("app.py", FILES["app.py"])
    refused = repo.run(sys.executable, "app.py", check=False)
    assert refused.status == 1
    assert refused.err.splitlines()[1:] == [
        "pending: 20260101120000_create_comments",
        "hint: `gitmig status` says more, `gitmig sync` brings the database along",
    ]
    repo.gitmig("sync")
    assert repo.run(sys.executable, "app.py").out == ""


def test_the_fixture_brings_the_database_along(repo: Sandbox, database: Database) -> None:
    repo.write("tests/conftest.py", FILES["conftest.py"])
    repo.write("tests/test_it.py", "def test_it(database):\n    assert database.url\n")
    repo.environment["TEST_DATABASE_URL"] = database.url
    repo.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert database.tables() == ["comments"]


def test_everything_public_is_on_the_page() -> None:
    told = set(re.findall(r"`(\w+)[`(]", TEXT))
    assert set(gitmig.__all__) - {"__version__"} - told == set()
