"""The examples of docs/languages.md do what the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitmig.migrations.languages.templates import TEMPLATES

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

pytestmark = pytest.mark.usefixtures("quick_java")

PAGE = (Path(__file__).parents[1] / "docs" / "languages.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```\w+ (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TOOLS = {"js": "node", "java": "java", "cpp": "c++", "ts": "deno", "rb": "ruby", "bash": "bash"}


def test_all_five_are_there() -> None:
    assert [name.rpartition(".")[2] for name, _ in EXAMPLES] == ["py", "js", "sh", "java", "cpp"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(pytest.param(name, text, id=f"page {name}") for name, text in EXAMPLES),
        *(pytest.param(f"0002_body.{ending}", text, id=f"new {ending}") for ending, text in TEMPLATES.items()),
    ],
)
def test_it_goes_there_and_back(sandbox: Sandbox, database: Database, name: str, text: str) -> None:
    tool = TOOLS.get(name.rpartition(".")[2])
    if tool and not shutil.which(tool):
        pytest.skip(f"needs {tool}")
    sandbox.migration("0001_comments", "CREATE TABLE comments (id int, contents text);", "DROP TABLE comments;")
    sandbox.commit("one")
    path = sandbox.program(name, text)
    sandbox.gitmig_here("sync", "--trust")
    assert database.columns("comments") == ["id", "body"]
    (sandbox.root / path).unlink()
    sandbox.gitmig_here("sync")
    assert database.columns("comments") == ["id", "contents"]
    assert database.rows("SELECT way FROM gitmig.history WHERE action = 'revert'") == [(None,)]


@pytest.mark.parametrize("language", TEMPLATES)
def test_new_writes_it(sandbox: Sandbox, language: str) -> None:
    path = sandbox.root / sandbox.gitmig("new", "change it", "--language", language).out.strip()
    assert path.name.endswith(f"_change_it.{language}")
    assert path.read_text() == TEMPLATES[language]
    assert bool(path.stat().st_mode & 0o100) is (language != "py")
