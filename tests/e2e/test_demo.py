"""`gitmig demo` is the README's first command: it plays the whole story, and leaves nothing behind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gitmig.operations.demo import play

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the demo prints; its temporary files are below `tmp_path`."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    tmp_path.chmod(0o755)  # for root, the server runs as another user
    return "\n".join(f"{piece.kind}: {piece.text}" for piece in play())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no embedded PostgreSQL")
def test_the_story_of_the_readme_is_played_and_nothing_is_left(told: str, tmp_path: Path) -> None:
    back, again = told.index("command: git switch main"), told.rindex("command: git switch rename-body")
    assert "_rename_contents_to_body" in told[back:].split("\n")[2]
    assert " id |  body  " in told[told.index("Rename contents to body'") : back]
    assert " id | contents " in told[back:again]
    assert "error GM205: " in told[again:]
    assert "proof: the merged order fails: " in told[again:]
    assert told.endswith("_create_comments")
    assert list(tmp_path.glob("gitmig-demo-*")) == []
