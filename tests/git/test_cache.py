"""What is kept in the git directory to be quick, and when it is not taken any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gitmig
from gitmig.git.cache import MAKERS, code_digest

PACKAGE = Path(gitmig.__file__).parent


@pytest.mark.parametrize("changed", ["check/footprint/tables.py", "check/footprint/new.py", "migrations/parser.py"])
def test_footprints_of_other_code_are_not_taken(tmp_path: Path, changed: str) -> None:
    """Nobody has to remember to raise a number."""
    for part in MAKERS:
        shutil.copytree(PACKAGE / part, tmp_path / part)
    assert code_digest(tmp_path) == code_digest()
    with (tmp_path / changed).open("a") as file:
        file.write("# changed\n")
    code_digest.cache_clear()
    assert code_digest(tmp_path) != code_digest()
