"""Every golden case gives what it expects, and the same for the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.check.golden import read_cases, written

if TYPE_CHECKING:
    from gitmig.check.findings import Finding, Severity

# What hangs on which side is the base: order, edits, places in files.
ONE_SIDED = ("GM103", "GM104", "GM107")
CASES = read_cases()


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_found_as_expected(name: str) -> None:
    found = "".join(written(finding) for finding in CASES[name].findings())
    assert found == CASES[name].expected


@pytest.mark.parametrize("name", CASES)
def test_both_sides_find_the_same(name: str) -> None:
    case = CASES[name]
    assert symmetric(case.findings()) == symmetric(case.swapped().findings())


def test_there_are_harmless_twins() -> None:
    assert sum("error" not in case.expected for case in CASES.values()) > 80


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
