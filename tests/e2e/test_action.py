"""What the GitHub action runs, and that its inputs reach it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

TOP = Path(__file__).parents[2]
SCRIPT = TOP / ".ci/action"


@pytest.fixture
def action(
    make_sandbox: Callable[..., Sandbox], database: Database, tmp_path: Path
) -> tuple[Callable[..., Result], Path]:
    """Run the action's script in a repository whose branches clash; and where the summary goes."""
    repo = make_sandbox()
    repo.migration("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    repo.commit("a")
    repo.git("branch", "feature")
    repo.migration("0002_key", "ALTER TABLE a RENAME id TO key;", "ALTER TABLE a RENAME key TO id;")
    repo.commit("key")
    repo.git("switch", "--quiet", "feature")
    repo.migration("0003_index", "CREATE INDEX i ON a (id);", "DROP INDEX i;")
    repo.commit("index")
    gitmig = tmp_path / "bin/gitmig"
    gitmig.parent.mkdir()
    gitmig.write_text(f'#!/bin/sh\nexec {sys.executable} -m gitmig "$@"\n')
    gitmig.chmod(0o755)

    def run(**inputs: str) -> Result:
        path = f"{gitmig.parent}:{Path(sys.executable).parent}:/usr/bin:/bin"
        settings = {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
        repo.environment = settings | {f"CHECK_{name.upper()}": value for name, value in inputs.items()}
        return repo.run("bash", str(SCRIPT), check=False)

    return run, tmp_path / "summary"


def test_annotations_and_a_summary_come_out(action: tuple[Callable[..., Result], Path], database: Database) -> None:
    run, summary = action
    result = run(base="main", revision="feature", prove="true", scratch=database.url)
    assert result.status == 1
    assert result.out.startswith("::error file=migrations/0003_index.sql,line=2,title=gitmig GM205::")
    assert "proof: the merged order fails" in result.out
    assert summary.read_text().startswith("### gitmig check: feature onto main\n")


def test_without_a_base_the_default_branch_counts(action: tuple[Callable[..., Result], Path]) -> None:
    run, _ = action
    assert "the work tree adds 1 migration, main 1, since " in run(base="", revision="").out


def test_what_cannot_be_decided_fails_without_a_summary(action: tuple[Callable[..., Result], Path]) -> None:
    run, summary = action
    assert run(base="nowhere").status == 2
    assert not summary.exists()


def test_every_input_is_handed_on() -> None:
    text = (TOP / "action.yml").read_text()
    inputs = set(re.findall(r"^  ([a-z-]+):$", text.partition("inputs:")[2].partition("\nruns:")[0], re.M))
    handed = {name.lower() for name in re.findall(r"CHECK_([A-Z]+): \$\{\{ inputs\.[a-z]+ \}\}", text)}
    assert handed | {"working-directory"} == inputs
    assert {f"CHECK_{name.upper()}" for name in handed} <= set(re.findall(r"CHECK_[A-Z]+", SCRIPT.read_text()))
