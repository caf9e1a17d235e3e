"""Where a schema is among those of a migration set."""

from __future__ import annotations

from gitmig.operations.adopt import nearest_to, positions_of
from gitmig.schema.model import ObjectKind, ObjectName, Schema, SchemaDifference


def schema(*names: str) -> Schema:
    return Schema({ObjectName(ObjectKind.TABLE, name): "" for name in names})


def test_every_position_with_the_same_schema_is_named() -> None:
    schemas = [schema(), schema("a"), schema("a"), schema("a", "b"), schema("a")]
    assert positions_of(schema("a"), schemas) == (1, 2, 4)
    assert positions_of(schema(), schemas) == (0,)
    assert positions_of(schema("odd"), schemas) == ()


def test_the_order_of_columns_does_not_count() -> None:
    found = Schema({**schema("a").objects, ObjectName(ObjectKind.COLUMN_ORDER, "a"): "x, y"})
    assert positions_of(found, [schema(), schema("a")]) == (1,)


def test_the_nearest_comes_with_what_differs() -> None:
    difference = SchemaDifference(missing=(), surplus=(ObjectName(ObjectKind.TABLE, "odd"),), changed=())
    schemas = [schema(), schema("a"), schema("a", "b"), schema("b")]
    assert nearest_to(schema("a", "b", "odd"), schemas) == (2, difference)


def test_of_two_that_are_as_near_the_later_one_is_taken() -> None:
    assert nearest_to(schema("odd"), [schema(), schema("a"), schema("b")])[0] == 2


def test_the_empty_database_is_never_the_nearest() -> None:
    assert nearest_to(schema("odd"), [schema(), schema("a", "b")])[0] == 1
