"""Every golden case says what its expected.txt says, whichever side is ours; and PostgreSQL agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.check.cases import CASES, Case, names, written

if TYPE_CHECKING:
    from gitmig.check.findings import Finding, Severity

# What hangs on which side is the base: order, edits, places in files.
ONE_SIDED = ("GM103", "GM104", "GM107")


@pytest.mark.parametrize("name", names())
def test_a_case_is_found_as_expected(name: str) -> None:
    found = "".join(written(finding) for finding in Case.read(name).findings())
    assert found == (CASES / name / "expected.txt").read_text()


@pytest.mark.parametrize("name", names())
def test_both_sides_find_the_same(name: str) -> None:
    case = Case.read(name)
    assert symmetric(case.findings()) == symmetric(case.swapped().findings())


def test_every_code_has_a_case_and_a_harmless_twin_exists() -> None:
    expected = [(CASES / name / "expected.txt").read_text() for name in names()]
    assert len(expected) > 60
    assert sum("error" not in text for text in expected) > 25


def symmetric(found: tuple[Finding, ...]) -> list[tuple[str, Severity, str, tuple[str, ...], tuple[str, ...]]]:
    """The findings without what names a side."""
    return sorted(
        (
            (f.code, f.severity, f.message, tuple(sorted(f.migrations)), f.objects)
            for f in found
            if f.code not in ONE_SIDED
        ),
        key=str,
    )
