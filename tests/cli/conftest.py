"""The command line, in the test's own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.cli.main import run
from tests.conftest import Result
from tests.json_schemas import check_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The current directory: a commit with migration 0001_a, and an empty database."""
    made = make_sandbox(url=database.url)
    made.table("0001_a", "a")
    made.commit("a")
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("DATABASE_URL", database.url)
    return made


@pytest.fixture(autouse=True)
def no_squawk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether squawk is installed changes no text that is compared here."""
    monkeypatch.setattr("gitmig.project.squawk.find_program", lambda: None)


@pytest.fixture
def gitmig(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Call gitmig as the shell would, but in this process. What it prints as JSON is held against its schema."""

    def call(*arguments: str) -> Result:
        capfd.readouterr()
        status = run(list(arguments))
        said = capfd.readouterr()
        check_output(arguments, said.out)
        return Result(status, said.out, said.err)

    return call
