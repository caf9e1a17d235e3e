"""docs/findings.md has a section for every code there is, and for no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    documented = re.findall(r"^### (GM\d+) ", (ROOT / "docs" / "findings.md").read_text(), re.MULTILINE)
    sources = (ROOT / "src" / "gitmig" / "check").rglob("*.py")
    used = {code for path in sources for code in re.findall(r'"(GM\d+)"', path.read_text())}
    assert sorted(used) == documented


def test_every_code_about_objects_has_a_golden_case() -> None:
    cases = (ROOT / "tests" / "cases" / "conflicts").glob("*/expected.txt")
    found = {code for path in cases for code in re.findall(r"^GM2\d+", path.read_text(), re.MULTILINE)}
    assert found == {f"GM2{k:02}" for k in range(1, 17)}
