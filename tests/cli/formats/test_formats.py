"""What the formats have in common."""

from __future__ import annotations

import pytest

from gitmig.cli.formats import FORMATS, exit_status, render
from tests.cli.formats.samples import CLEAN, FINDINGS, REPORT


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_every_report(name: str) -> None:
    assert render(name, REPORT)
    assert render(name, CLEAN)


@pytest.mark.parametrize(
    ("findings", "strict", "expected"),
    [(FINDINGS, False, 1), (FINDINGS[1:], False, 0), (FINDINGS[1:], True, 1), (FINDINGS[2:], True, 0), ((), True, 0)],
)
def test_errors_count_and_strictly_warnings_too(findings: tuple, strict: bool, expected: int) -> None:  # type: ignore[type-arg]
    assert exit_status(findings, strict=strict) == expected
