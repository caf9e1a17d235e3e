"""Fingerprints are equal exactly when the dumps are."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

import pytest

from gitmig.schema.model import schema_difference
from tests.schema.catalog.case import ALONE, TOGETHER, Case

if TYPE_CHECKING:
    from tests.schema.catalog.conftest import ByCase
    from tests.schema.catalog.laboratory import Found, Laboratory


@pytest.mark.parametrize(("own", "case"), [pytest.param(own, case, id=case.name) for own, case in TOGETHER.items()])
def test_a_small_difference_shows_in_both_or_in_neither(
    own: str, case: Case, laboratory: Laboratory, together: tuple[ByCase, ByCase]
) -> None:
    _skip_unless_it_runs(case, laboratory)
    a, b = together
    _check(case, a[own], b[own])


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in ALONE])
def test_what_concerns_the_whole_database(case: Case, laboratory: Laboratory, alone: dict[str, Found]) -> None:
    _skip_unless_it_runs(case, laboratory)
    _check(case, alone[case.a], alone[case.b])


def test_what_belongs_to_no_case_is_the_same(together: tuple[ByCase, ByCase]) -> None:
    a, b = together
    assert a[None] == b[None]


def _skip_unless_it_runs(case: Case, laboratory: Laboratory) -> None:
    if not laboratory.runs(case):
        pytest.skip("is about other versions of PostgreSQL, or needs an extension that is not there")


def _check(case: Case, a: Found, b: Found) -> None:
    told = "\n".join(unified_diff(_lines(a), _lines(b), "a", "b", lineterm="")) + "".join(
        f"\n{name}\n- {a.schema.objects.get(name)}\n+ {b.schema.objects.get(name)}"
        for name in schema_difference(a.schema, b.schema).names
    )
    assert (a.entries == b.entries) is case.same, f"the dumps:\n{told}"
    assert (a.schema.fingerprint == b.schema.fingerprint) is case.same, f"the fingerprints:\n{told}"


def _lines(found: Found) -> list[str]:
    return [line for entry in found.entries for line in entry.text.splitlines()]
