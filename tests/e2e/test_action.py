"""What the GitHub action runs, and that its inputs reach it."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.conftest import Database, Result, Sandbox

TOP = Path(__file__).parents[2]
SCRIPT = TOP / ".ci/action.py"


@pytest.fixture
def repo_of_action(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A repository whose branches clash."""
    repo = make_sandbox()
    repo.migration("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    repo.commit("a")
    repo.git("branch", "feature")
    repo.migration("0002_key", "ALTER TABLE a RENAME id TO key;", "ALTER TABLE a RENAME key TO id;")
    repo.commit("key")
    repo.git("switch", "--quiet", "feature")
    repo.migration("0003_index", "CREATE INDEX i ON a (id);", "DROP INDEX i;")
    repo.commit("index")
    return repo


@pytest.fixture
def action(repo_of_action: Sandbox, database: Database, tmp_path: Path) -> tuple[Callable[..., Result], Path]:
    """Run the action's script there, with inputs in small letters and variables in capitals; and its summary."""
    repo = repo_of_action
    gitmig = tmp_path / "bin/gitmig"
    gitmig.parent.mkdir()
    gitmig.write_text(f'#!/bin/sh\nexec {sys.executable} -m gitmig "$@"\n')
    gitmig.chmod(0o755)

    def run(**inputs: str) -> Result:
        path = f"{gitmig.parent}:{Path(sys.executable).parent}:/usr/bin:/bin"
        settings = {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
        given = {name if name.isupper() else f"CHECK_{name.upper()}": value for name, value in inputs.items()}
        repo.environment = settings | given
        return repo.run(sys.executable, str(SCRIPT), check=False)

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


# --- events, as GitHub sends them, cut down to what is read ---

REPOSITORY = {"full_name": "octo/shop", "default_branch": "trunk"}
FORK = {"full_name": "somebody/shop", "default_branch": "trunk"}


def pull_request(head: dict[str, str] | None) -> dict[str, Any]:
    request = {"base": {"ref": "main", "sha": "b1"}, "head": {"ref": "feature", "sha": "f1", "repo": head}}
    return {"action": "opened", "pull_request": request, "repository": REPOSITORY}


def merge_group(**shas: str) -> dict[str, Any]:
    """What a merge queue sends; at first there was no base_sha in it."""
    refs = {"base_ref": "refs/heads/release/2", "head_ref": "refs/heads/gh-readonly-queue/release/2/pr-104-b1"}
    return {"action": "checks_requested", "merge_group": refs | shas, "repository": REPOSITORY}


def workflow_run(head: dict[str, str], *targets: str) -> dict[str, Any]:
    requests = [{"base": {"ref": ref}} for ref in targets]
    run = {"head_sha": "f1", "head_repository": head, "pull_requests": requests}
    return {"action": "completed", "workflow_run": run, "repository": REPOSITORY}


TRUSTED, PROVEN = ["--prove", "--trust"], ["--prove"]
# The event, its payload, the inputs that are given, and the call of `gitmig check`.
EVENTS = {
    "pull request": ("pull_request", pull_request(REPOSITORY), {}, [*TRUSTED, "--", "origin/main", "f1"]),
    "of a fork": ("pull_request", pull_request(FORK), {}, [*TRUSTED, "--", "origin/main", "f1"]),
    "with secrets": ("pull_request_target", pull_request(REPOSITORY), {}, [*PROVEN, "--", "origin/main", "f1"]),
    "of a fork, with secrets": ("pull_request_target", pull_request(FORK), {}, ["--", "origin/main", "f1"]),
    "of a fork that is gone": ("pull_request_target", pull_request(None), {}, ["--", "origin/main", "f1"]),
    "of a fork that is trusted": (
        "pull_request_target",
        pull_request(FORK),
        {"trust": "true"},
        [*TRUSTED, "--", "origin/main", "f1"],
    ),
    "of a fork that is not": ("pull_request", pull_request(FORK), {"trust": "false"}, ["--", "origin/main", "f1"]),
    "merge group": ("merge_group", merge_group(base_sha="b1", head_sha="m1"), {}, [*TRUSTED, "--", "b1", "m1"]),
    "without its base": ("merge_group", merge_group(head_sha="m1"), {}, [*TRUSTED, "--", "origin/release/2", "m1"]),
    "run": ("workflow_run", workflow_run(REPOSITORY, "main"), {}, [*PROVEN, "--", "origin/main", "f1"]),
    "run of a fork": ("workflow_run", workflow_run(FORK), {}, ["--", "origin/trunk", "f1"]),
    "push": ("push", {"after": "c1", "repository": REPOSITORY}, {}, TRUSTED),
    "a revision alone": ("push", {"repository": REPOSITORY}, {"revision": "x"}, [*TRUSTED, "--", "origin/trunk", "x"]),
    "both sides": ("pull_request", pull_request(FORK), {"base": "v1", "revision": "v2"}, [*TRUSTED, "--", "v1", "v2"]),
    "static": (
        "pull_request",
        pull_request(FORK),
        {"prove": "false", "strict": "true", "clients": "false"},
        ["--strict", "--no-clients", "--", "origin/main", "f1"],
    ),
}


@pytest.mark.parametrize("case", EVENTS)
def test_the_event_says_what_is_checked(case: str) -> None:
    name, payload, inputs, expected = EVENTS[case]
    script = loaded()
    defaults = {"prove": "true", "base": "", "revision": "", "trust": "", "strict": "false", "clients": "true"}
    assert script.arguments(name, script.read_event(payload), defaults | inputs) == expected


def test_a_merge_group_is_checked_as_its_two_sides(
    action: tuple[Callable[..., Result], Path], tmp_path: Path, repo_of_action: Sandbox
) -> None:
    repo, event = repo_of_action, tmp_path / "event.json"
    repo.git("switch", "--quiet", "--detach", "main")
    repo.git("merge", "--quiet", "--no-edit", "feature")
    for head, expected in (("HEAD", "feature"), ("HEAD^2", "feature"), ("HEAD^1", "main")):
        sha = repo.git("rev-parse", head).out.strip()
        shas = {"base_sha": repo.git("rev-parse", "main").out.strip(), "head_sha": sha}
        event.write_text(json.dumps(merge_group(**shas)))
        said = action[0](GITHUB_EVENT_NAME="merge_group", GITHUB_EVENT_PATH=str(event), prove="false").out
        tip = repo.git("rev-parse", "--short=10", expected).out.strip()
        assert f": {tip} adds" in said
        assert ("GM205" in said) is (expected == "feature")


def loaded() -> ModuleType:
    """The script as a module."""
    found = importlib.util.spec_from_file_location("action", SCRIPT)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    sys.modules["action"] = module
    found.loader.exec_module(module)
    return module


def test_every_input_is_handed_on() -> None:
    text = (TOP / "action.yml").read_text()
    inputs = set(re.findall(r"^  ([a-z-]+):$", text.partition("inputs:")[2].partition("\nruns:")[0], re.M))
    handed = {name.lower() for name in re.findall(r"CHECK_([A-Z]+): \$\{\{ inputs\.[a-z]+ \}\}", text)}
    assert handed | {"working-directory"} == inputs
    used = set(re.findall(r'inputs(?:\.get\(|\[)"([a-z]+)"', SCRIPT.read_text()))
    assert handed == used
