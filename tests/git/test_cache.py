"""What is kept in the git directory to be quick, and when it is not taken any more."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gitmig
from gitmig.git.cache import MAKERS, code_digest

PACKAGE = Path(gitmig.__file__).parent


@pytest.mark.parametrize(
    "changed", ["check/footprint/tables.py", "check/footprint/new.py", "migrations/parser.py", "schema/names.py"]
)
def test_footprints_of_other_code_are_not_taken(tmp_path: Path, changed: str) -> None:
    """Nobody has to remember to raise a number."""
    for path in (path for part in MAKERS for path in (PACKAGE / part, *(PACKAGE / part).rglob("*.py"))):
        if path.is_file():
            copy = tmp_path / path.relative_to(PACKAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    assert code_digest(tmp_path) == code_digest()
    with (tmp_path / changed).open("a") as file:
        file.write("# changed\n")
    code_digest.cache_clear()
    assert code_digest(tmp_path) != code_digest()
