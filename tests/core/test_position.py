"""Where a schema is among those of a migration set."""

from __future__ import annotations

from gitmig.core.position import Place, locate
from gitmig.core.schema import COLUMN_ORDER, ObjectName, Schema, SchemaDifference


def schema(*names: str) -> Schema:
    return Schema({ObjectName("table", name): "" for name in names})


def test_the_position_with_the_same_schema_is_it() -> None:
    assert locate([schema(), schema("a"), schema("a", "b")], schema("a")) == Place(position=1, alike=(1,))


def test_of_several_the_last_one_is_it_and_all_are_named() -> None:
    schemas = [schema(), schema("a"), schema("a"), schema("a", "b"), schema("a")]
    assert locate(schemas, schema("a")) == Place(position=4, alike=(1, 2, 4))


def test_the_order_of_columns_does_not_count() -> None:
    found = Schema({**schema("a").objects, ObjectName(COLUMN_ORDER, "a"): "x, y"})
    assert locate([schema(), schema("a")], found).alike == (1,)


def test_without_one_the_nearest_is_named_with_what_differs() -> None:
    difference = SchemaDifference(missing=(), surplus=(ObjectName("table", "odd"),), changed=())
    found = locate([schema(), schema("a"), schema("a", "b"), schema("b")], schema("a", "b", "odd"))
    assert found == Place(position=2, difference=difference)


def test_of_two_that_are_as_near_the_later_one_is_taken() -> None:
    assert locate([schema(), schema("a"), schema("b")], schema("odd")).position == 2


def test_an_empty_database_is_near_to_nothing() -> None:
    place = locate([schema(), schema("a", "b")], schema("odd"))
    assert (place.position, place.alike) == (1, ())
