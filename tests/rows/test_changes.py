"""What lies between the tables before a step and those after it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gitmig.rows.changes import Extent, find_changes
from gitmig.rows.tables import Activity, Column, Table, TableName, Tables

ID, NAME, NOTE = (Column(number=k, name=name, type="text") for k, name in enumerate(["id", "name", "note"], 1))
NUMBER = Column(number=4, name="x", type="int")
T = Table(
    oid=1,
    name=TableName("public", "t"),
    files=frozenset({(1, 10)}),
    filled=frozenset({(1, 10)}),
    columns=(ID, NAME, NOTE),
    key=(1,),
)
NEW = replace(T, oid=2, files=frozenset({(2, 20)}), filled=frozenset({(2, 20)}))
OTHER = replace(NEW, name=TableName("app", "other"))
KEYLESS = replace(T, key=())
EMPTY = replace(T, filled=frozenset())


def shape(*tables: Table, large_objects: int = 0, counted: bool = True) -> Tables:
    return Tables(by_oid={table.oid: table for table in tables}, large_objects=large_objects, counted=counted)


def lost(before: Tables, after: Tables, *whole: int) -> list[tuple[str, list[str], bool]]:
    """What is said of each loss, the columns to keep, and whether rows were rewritten."""
    return [
        (str(loss), [column.name for column in loss.columns], loss.extent is Extent.ROWS)
        for loss in find_changes(before, after, whole, computes=False).tables
    ]


ALL = ["id", "name", "note"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(T, T, [], id="nothing happened"),
        pytest.param(T, replace(T, name=TableName("app", "u")), [], id="renamed"),
        pytest.param(T, replace(T, columns=(ID, replace(NAME, name="nick"), NOTE)), [], id="column renamed"),
        pytest.param(T, replace(T, columns=(*T.columns, NUMBER)), [], id="column added"),
        pytest.param(T, replace(T, columns=(ID, NAME)), [("t (note)", ["id", "note"], False)], id="column dropped"),
        pytest.param(
            T,
            replace(T, columns=(ID, NAME, replace(NOTE, number=4))),
            [("t (note)", ["id", "note"], False)],
            id="column made anew",
        ),
        pytest.param(
            T,
            replace(T, columns=(ID, NAME, replace(NOTE, type="varchar(2)"))),
            [("t (note)", ["id", "note"], False)],
            id="type changed without a rewrite",
        ),
        pytest.param(
            T,
            replace(T, columns=(ID, NAME, replace(NOTE, generated=True))),
            [("t (note)", ["id", "note"], False)],
            id="column computed from now on",
        ),
        pytest.param(T, replace(T, columns=(NAME, NOTE)), [("t (id)", ALL, False)], id="key dropped"),
        pytest.param(KEYLESS, replace(KEYLESS, columns=(ID,)), [("t (name, note)", ALL, False)], id="no key"),
        pytest.param(T, replace(T, activity=Activity(updated=2)), [("rows of t", ALL, True)], id="rows changed"),
        pytest.param(
            T, replace(T, files=frozenset({(1, 11)}), filled=frozenset()), [("rows of t", ALL, True)], id="truncated"
        ),
        pytest.param(
            T, replace(T, files=frozenset({(1, 11)}), filled=frozenset({(1, 11)})), [], id="written to another file"
        ),
        pytest.param(T, OTHER, [("table t", ALL, True)], id="dropped"),
        pytest.param(T, NEW, [("rows of t", ALL, True)], id="made anew"),
        pytest.param(EMPTY, OTHER, [], id="empty and dropped"),
        pytest.param(EMPTY, replace(EMPTY, columns=(ID,)), [], id="empty and a column dropped"),
        pytest.param(T, replace(OTHER, files=frozenset({(1, 10), (2, 20)}), partitioned=True), [], id="attached"),
    ],
)
def test_what_a_step_takes_from_a_table(before: Table, after: Table, expected: list[object]) -> None:
    assert lost(shape(before), shape(after)) == expected


def test_tables_that_are_asked_for_are_kept_whole() -> None:
    assert lost(shape(EMPTY), shape(EMPTY), 1) == [("rows of t", ALL, True)]


def test_without_counters_every_table_with_rows_may_have_changed() -> None:
    assert lost(shape(T, counted=False), shape(T)) == [("rows of t", ALL, True)]


def test_large_objects_that_are_gone_are_counted() -> None:
    assert find_changes(shape(large_objects=3), shape(large_objects=1)).large_objects == 2
    assert not find_changes(shape(large_objects=1), shape(large_objects=3))
