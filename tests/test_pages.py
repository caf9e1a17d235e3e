"""The pages: links lead somewhere, files that are named are there, no placeholder, and the checks agree."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests import git_events

if TYPE_CHECKING:
    from types import ModuleType

TOP = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(TOP).as_posix() for path in (*TOP.glob("*.md"), *TOP.glob("docs/**/*.md")))
# Those that say where something is in the code.
MAPS = [
    page for page in PAGES if page == "CONTRIBUTING.md" or page.startswith(("docs/architecture", "docs/internals/"))
]
WORKFLOWS = [*TOP.glob(".github/workflows/*.yml"), TOP / "action.yml", TOP / "docs/ci.md"]
# Names that stand for a thing that is not there yet. Mail addresses below example.org are what that domain is for.
PLACEHOLDER = re.compile(r"OWNER/|(?<!@)(?<!db\.)example\.(?:org|com)|your-org|<owner>|TODO", re.IGNORECASE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def prose(page: str) -> str:
    """A page without what stands between fences."""
    return FENCE.sub("", (TOP / page).read_text())


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    missing = []
    for link in LINK.findall(prose(page)):
        path, _, anchor = unquote(link).partition("#")
        if path.startswith(("http://", "https://", "mailto:")):
            continue
        target = (TOP / page).parent / path if path else TOP / page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", MAPS)
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+(?:[\w-]+\.\w+)?)`", prose(page))
    roots = (TOP, TOP / "src/gitmig")
    elsewhere = ("gitmig/", ".git/", "refs/")  # in the git directory of a clone
    assert [
        name for name in named if not name.startswith(elsewhere) and not any((r / name).exists() for r in roots)
    ] == []


def test_the_page_of_git_events_is_that_of_the_rows() -> None:
    assert git_events.PAGE.read_text() == git_events.page(), "run `python -m tests.git_events`"


def test_no_page_holds_a_place_for_something_that_is_not_there() -> None:
    files = [*(TOP / page for page in PAGES), *WORKFLOWS, TOP / "pyproject.toml", TOP / "SECURITY.md"]
    found = [(path.name, word) for path in files for word in PLACEHOLDER.findall(path.read_text())]
    assert found == []


def test_nothing_is_installed_by_a_name_that_no_registry_has_yet() -> None:
    installed = re.compile(r"(?:(?:pip|pipx|tool) install|pipx run|uvx)(?: -\S+)* ['\"]?gitmig\b")
    assert [page for page in PAGES if installed.search((TOP / page).read_text())] == []


def test_actions_are_pinned_by_their_commit() -> None:
    used = [
        (path.name, line.strip())
        for path in WORKFLOWS
        for line in path.read_text().splitlines()
        if re.match(r" *- uses: (?!\./)", line)
    ]
    assert used
    assert [one for one in used if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+\b", one[1])] == []


def test_the_runner_of_checks_runs_what_ci_runs() -> None:
    checks = runner()
    assert {*checks.LINT, *checks.TYPES} == {command.replace("$bin/", "") for command in checks_of_ci()}


def test_ci_finds_the_command_for_the_tests_in_the_readme() -> None:
    script = (TOP / ".ci/run").read_text()
    pattern = re.search(r"grep -m1 '(.*)' README\.md", script)
    assert pattern
    found = subprocess.run(
        ["grep", "-c", pattern[1], "README.md"], cwd=TOP, capture_output=True, text=True, check=False
    ).stdout
    assert found == "1\n"


def checks_of_ci() -> list[str]:
    """The commands of `.ci/run` behind the tests, without their comments."""
    lines = (TOP / ".ci/run").read_text().partition("set -x\n")[2].splitlines()
    return [line.partition(" # ")[0].strip() for line in lines]


def runner() -> ModuleType:
    """The file in which nox finds its sessions."""
    found = importlib.util.spec_from_file_location("noxfile", TOP / "noxfile.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
