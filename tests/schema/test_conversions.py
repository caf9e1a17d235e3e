"""How values get from one type to another where a column's type changes."""

from __future__ import annotations

import pytest

from gitmig.schema.kinds.columns import conversion, is_gentle


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("integer", "bigint", ""),
        ("integer", "text", ""),
        ("numeric(10,2)", "numeric(10,3)", ""),
        ("character varying(5)", "integer", "c::integer"),
        ("integer", "boolean", "c::boolean"),
        ("bigint", "boolean", "c::text::boolean"),
        ("public.x", "public.y", "c::text::public.y"),
        ("public.x[]", "public.y[]", "c::text[]::public.y[]"),
        ("text[]", "integer[]", "c::integer[]"),
        ("integer[]", "text", ""),
        ("integer", "integer[]", "c::text::integer[]"),
        ("json", "jsonb", ""),
    ],
)
def test_values_find_a_way_from_type_to_type(old: str, new: str, expected: str) -> None:
    assert conversion("c", old, new) == expected


def test_numbers_and_texts_of_other_lengths_leave_expressions_as_they_are() -> None:
    assert is_gentle("integer", "bigint")
    assert is_gentle("character varying(5)", "text")
    assert not is_gentle("integer", "text")
    assert not is_gentle("integer", "integer[]")
