"""What a script called otherwise: from names before and after it, with what follows from a parent's name left out."""

from __future__ import annotations

from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.noted_renames import Renaming, renamings

BEFORE = {
    "n1": ObjectName(ObjectKind.SCHEMA, "s"),
    "n2": ObjectName(ObjectKind.TABLE, "s.t"),
    "n2_1": ObjectName(ObjectKind.COLUMN, "s.t.a"),
    "n2_2": ObjectName(ObjectKind.COLUMN, "s.t.b"),
    "n3": ObjectName(ObjectKind.INDEX, "s.t.i"),
    "n4": ObjectName(ObjectKind.FUNCTION, "s.f(s.mood)"),
    "n5": ObjectName(ObjectKind.ENUM, "s.mood"),
    "n6": ObjectName(ObjectKind.TABLE, "public.gone"),
}


def told(**changes: str) -> list[Renaming]:
    """The renamings of a script behind which some objects of BEFORE have other names, and one is new."""
    new = {key: ObjectName(BEFORE[key].kind, name) for key, name in changes.items()}
    return renamings(BEFORE, {**BEFORE, **new, "new": ObjectName(ObjectKind.TABLE, "s.new")})


def test_nothing_is_renamed_where_all_names_are_as_before() -> None:
    assert told() == []


def test_the_parts_of_a_renamed_table_are_not_named_again() -> None:
    assert told(n2="s.u", n2_1="s.u.a", n2_2="s.u.b", n3="s.u.i") == [Renaming(ObjectKind.TABLE, "s.t", "s.u")]


def test_a_column_is_told_below_the_table_as_it_was_called_before() -> None:
    found = told(n2="s.u", n2_1="s.u.c", n2_2="s.u.b", n3="s.u.i")
    assert found == [Renaming(ObjectKind.COLUMN, "s.t.a", "s.t.c"), Renaming(ObjectKind.TABLE, "s.t", "s.u")]


def test_what_is_in_a_renamed_schema_is_not_named_again() -> None:
    found = told(
        n1="r", n2="r.t", n2_1="r.t.a", n2_2="r.t.b", n3="r.t.i", n4="r.f(r.mood)", n5="r.mood"
    )  # fmt: skip
    assert found == [Renaming(ObjectKind.SCHEMA, "s", "r")]


def test_a_function_is_not_renamed_by_the_name_of_an_arguments_type() -> None:
    assert told(n4="s.f(s.spirit)", n5="s.spirit") == [Renaming(ObjectKind.ENUM, "s.mood", "s.spirit")]


def test_what_was_moved_to_another_schema_is_told_as_well() -> None:
    found = told(n2="public.t", n2_1="public.t.a", n2_2="public.t.b", n3="public.t.i")
    assert found == [Renaming(ObjectKind.TABLE, "s.t", "public.t")]
