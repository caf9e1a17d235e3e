"""Names as the catalogs write them, taken apart and put together."""

from __future__ import annotations

import pytest

from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import beside, default_name, last, parent, parts


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


def test_the_arguments_of_a_function_belong_to_no_part_of_its_name() -> None:
    name = ObjectName(ObjectKind.FUNCTION, 's."f.g"(integer,"x.y".z)')
    assert (name.parent, name.last, name.arguments) == ("s", '"f.g"', '(integer,"x.y".z)')
    schema = ObjectName(ObjectKind.SCHEMA, "s")
    assert (schema.parent, schema.last, schema.arguments) == ("", "s", "")
