"""Names, casts, arguments and orders: the small pure pieces."""

from __future__ import annotations

import pytest

from gitmig.schema.kinds.columns import conversion, is_gentle
from gitmig.schema.names import beside, default_name, last, parent, parts
from gitmig.schema.order import ordered


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("public.t.c", ["public", "t", "c"]),
        ('"a.b"."c""d".e', ['"a.b"', '"c""d"', "e"]),
        ('public.f(integer,"x.y".z)', ["public", "f"]),
        ("public", ["public"]),
    ],
)
def test_names_are_taken_apart_at_dots_outside_of_quotes(name: str, expected: list[str]) -> None:
    assert parts(name) == expected


def test_a_part_and_its_parent_make_the_name() -> None:
    assert (parent('s."a.b".c'), last('s."a.b".c')) == ('s."a.b"', "c")


def test_new_names_are_quoted_where_they_have_to_be_and_never_too_long() -> None:
    assert beside("s.state", "_old") == "s.state_old"
    assert beside('s."State"', "_old") == 's."State_old"'
    assert len(last(beside(f"s.{'x' * 63}", "_old"))) == 63
    assert default_name('s."T".c', "seq") == '"T_c_seq"'


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


def test_an_order_respects_what_waits_and_then_priority() -> None:
    assert ordered("abcd", {"a": {"d"}, "b": {"a"}}, priority=lambda node: node) == ["c", "d", "a", "b"]


def test_a_ring_is_broken_at_the_lowest_priority() -> None:
    assert ordered("cba", {"a": {"b"}, "b": {"a"}, "c": {"b"}}, priority=lambda node: node) == ["a", "b", "c"]


def test_what_is_no_part_of_the_work_is_not_waited_for() -> None:
    assert ordered("a", {"a": {"z"}}, priority=lambda node: node) == ["a"]
