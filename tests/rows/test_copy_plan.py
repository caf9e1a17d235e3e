"""Which rows go where."""

from __future__ import annotations

from typing import Any

from gitmig.rows.copy_plan import TableCopy, plan_copy
from gitmig.rows.tables import Column, Table, TableName


def table(name: str, *columns: Column, schema: str = "public") -> Table:
    return Table(oid=1, name=TableName(schema, name), columns=columns)


def column(name: str, kind: str = "integer", **options: Any) -> Column:
    return Column(number=1, name=name, type=kind, **options)


def only(old: Table, new: Table) -> TableCopy:
    (way,) = plan_copy([old], [new]).copies
    return way


def test_tables_are_paired_by_schema_and_name() -> None:
    a, elsewhere = table("a", column("x")), table("a", column("x"), schema="other")
    plan = plan_copy([a, elsewhere], [a, table("b", column("x"))])
    assert [way.old for way in plan.copies] == [a]
    assert plan.lost == (elsewhere,)


def test_the_order_is_that_of_the_names() -> None:
    tables = [table(name, column("x")) for name in "bac"]
    plan = plan_copy(tables, tables[:2])
    assert ["".join(way.old.name.name for way in plan.copies), [str(one.name) for one in plan.lost]] == ["ab", ["c"]]


def test_tables_without_a_common_column_have_nothing_in_common() -> None:
    old = table("a", column("x"))
    plan = plan_copy([old], [table("a", column("y"))])
    assert (plan.copies, plan.lost) == ((), (old,))


def test_columns_are_paired_by_name_in_whatever_order() -> None:
    way = only(
        table("a", column("x"), column("gone"), column("y")), table("a", column("y"), column("new"), column("x"))
    )
    assert (way.columns, way.lost) == (("x", "y"), ("gone",))


def test_rows_are_handed_over_as_they_are_only_if_every_type_is_the_same_everywhere() -> None:
    assert only(table("a", column("x")), table("a", column("x"))).binary
    assert not only(table("a", column("x")), table("a", column("x", "bigint"))).binary
    own = column("x", "mood", portable=False)
    assert not only(table("a", own), table("a", own)).binary


def test_what_is_generated_is_not_copied() -> None:
    generated, plain = column("g", generated=True), column("g")
    assert only(table("a", column("x"), generated), table("a", column("x"), generated)).columns == ("x",)
    assert only(table("a", column("x"), plain), table("a", column("x"), generated)).columns == ("x",)
    assert only(table("a", column("x"), generated), table("a", column("x"), plain)).columns == ("x", "g")
    assert only(table("a", column("x"), generated), table("a", column("x"))).lost == ()


def test_a_new_column_that_needs_a_value_fits_no_old_row() -> None:
    old = table("a", column("x"))
    assert only(old, table("a", column("x"), column("n", required=True))).misfit == "n"
    assert only(old, table("a", column("x", required=True), column("n"))).misfit is None
