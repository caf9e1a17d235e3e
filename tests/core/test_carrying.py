"""Which rows go where."""

from __future__ import annotations

from gitmig.core.carrying import Carry, Column, Table, plan_load


def table(name: str, *columns: Column, key: tuple[str, ...] = ()) -> Table:
    return Table(schema="public", name=name, columns=columns, key=key)


def column(name: str, kind: str = "integer", **options: bool) -> Column:
    return Column(name=name, type=kind, **options)


def only(old: Table, new: Table) -> Carry:
    (way,) = plan_load([old], [new]).carries
    return way


def test_tables_are_paired_by_schema_and_name() -> None:
    a, elsewhere = table("a", column("x")), Table(schema="other", name="a", columns=(column("x"),))
    load = plan_load([a, elsewhere], [a, table("b", column("x"))])
    assert [way.old for way in load.carries] == [a]
    assert load.lost == (elsewhere,)


def test_tables_without_a_common_column_have_nothing_in_common() -> None:
    old = table("a", column("x"))
    load = plan_load([old], [table("a", column("y"))])
    assert (load.carries, load.lost) == ((), (old,))


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


def test_what_is_generated_is_not_carried() -> None:
    generated, plain = column("g", stored=False), column("g")
    assert only(table("a", column("x"), generated), table("a", column("x"), generated)).columns == ("x",)
    assert only(table("a", column("x"), plain), table("a", column("x"), generated)).columns == ("x",)
    assert only(table("a", column("x"), generated), table("a", column("x"), plain)).columns == ("x", "g")
    assert only(table("a", column("x"), generated), table("a", column("x"))).lost == ()


def test_a_new_column_that_needs_a_value_fits_no_old_row() -> None:
    old = table("a", column("x"))
    assert only(old, table("a", column("x"), column("n", required=True))).misfit == "n"
    assert only(old, table("a", column("x", required=True), column("n"))).misfit is None
