"""What has to be tried, and what the outcome means."""

from __future__ import annotations

import pytest

from gitmig.check.proof import OrderFailure, OrderResult, Orders, Proof, RunOrder, conclude
from gitmig.migrations.plan import Direction
from gitmig.schema.model import ObjectKind, ObjectName, Schema
from tests.samples import content, migration

A, B, C, X, Y = (migration(label) for label in ("0001_a", "0002_b", "0005_c", "0003_x", "0004_y"))
EMPTY = Schema({})
FAILURE = OrderFailure(
    label="0003_x", direction=Direction.APPLY, path="x.sql", line=2, statement="SELEC 1", message="syntax error"
)
LETTERS = {"m": RunOrder.MERGED, "o": RunOrder.OURS_FIRST, "t": RunOrder.THEIRS_FIRST}


def orders(ours: tuple = (), theirs: tuple = (), common: tuple = (A, B), down: str | None = "") -> Orders:  # type: ignore[type-arg]
    merged = tuple(sorted({*common, *ours, *theirs}, key=lambda m: m.version))
    return Orders(ours=ours, theirs=theirs, merged=merged, contents={m.blobs: content("", down) for m in merged})


def tried(made: Orders) -> dict[RunOrder, str]:
    return {way: " ".join(run.label for run in planned.ups) for way, planned in made.planned_runs().items()}


def schema(**objects: str) -> Schema:
    return Schema({ObjectName(ObjectKind.TABLE, name): text for name, text in objects.items()})


def test_the_order_that_the_merge_has_is_tried_once() -> None:
    assert tried(orders((X,), (Y,))) == {RunOrder.MERGED: "0003_x 0004_y", RunOrder.THEIRS_FIRST: "0004_y 0003_x"}
    assert tried(orders((Y,), (X,))) == {RunOrder.MERGED: "0003_x 0004_y", RunOrder.OURS_FIRST: "0004_y 0003_x"}


def test_a_side_that_adds_nothing_leaves_one_order() -> None:
    assert tried(orders((X,))) == {RunOrder.MERGED: "0003_x"}


def test_an_interleaved_merge_leaves_three() -> None:
    assert tried(orders((X, C), (Y,))) == {
        RunOrder.MERGED: "0003_x 0004_y 0005_c",
        RunOrder.OURS_FIRST: "0003_x 0005_c 0004_y",
        RunOrder.THEIRS_FIRST: "0004_y 0003_x 0005_c",
    }


def test_what_comes_before_everything_new_is_built_once() -> None:
    made = orders((X,), (Y,), common=(A, B, C))
    assert made.foundation == (A, B)
    assert tried(made) == {
        RunOrder.MERGED: "0003_x 0004_y 0005_c",
        RunOrder.OURS_FIRST: "0005_c 0003_x 0004_y",
        RunOrder.THEIRS_FIRST: "0005_c 0004_y 0003_x",
    }


def test_the_way_back_is_the_merged_order_backwards() -> None:
    back = orders((X,), (Y,)).planned_runs()[RunOrder.MERGED].downs
    assert [(run.label, run.direction) for run in back] == [
        ("0004_y", Direction.REVERT),
        ("0003_x", Direction.REVERT),
    ]


def test_without_a_down_there_is_no_way_back() -> None:
    made = orders((X,), down=None)
    assert made.planned_runs()[RunOrder.MERGED].downs == ()
    assert made.irreversible == (X,)


def test_equal_schemas_hold_whatever_the_order_of_columns() -> None:
    first = Schema({ObjectName(ObjectKind.TABLE, "t"): "t", ObjectName(ObjectKind.COLUMN_ORDER, "t"): "a, b"})
    second = Schema({ObjectName(ObjectKind.TABLE, "t"): "t", ObjectName(ObjectKind.COLUMN_ORDER, "t"): "b, a"})
    results = {
        RunOrder.MERGED: OrderResult(schema=first, reverted=EMPTY),
        RunOrder.THEIRS_FIRST: OrderResult(schema=second),
    }
    proof = conclude(orders((X,), (Y,)), EMPTY, results)
    assert (proof.holds, proof.round_trip) == (True, True)


def test_what_differs_is_named() -> None:
    results = {
        RunOrder.MERGED: OrderResult(schema=schema(a="1")),
        RunOrder.THEIRS_FIRST: OrderResult(schema=schema(a="2", b="1")),
    }
    proof = conclude(orders((X,), (Y,)), EMPTY, results)
    assert not proof.holds
    assert {way: [name.name for name in names] for way, names in proof.differences.items()} == {
        RunOrder.THEIRS_FIRST: ["a", "b"]
    }


def test_a_failure_is_no_difference() -> None:
    results = {RunOrder.MERGED: OrderResult(failure=FAILURE), RunOrder.THEIRS_FIRST: OrderResult(schema=schema(a="1"))}
    proof = conclude(orders((X,), (Y,)), EMPTY, results)
    assert (proof.failures, proof.differences, proof.holds) == ({RunOrder.MERGED: FAILURE}, {}, False)


@pytest.mark.parametrize(
    ("tried", "failing", "said"),
    [
        pytest.param("m", "m", "the merged order", id="the only one"),
        pytest.param("mt", "t", "theirs, then ours", id="one of two"),
        pytest.param("mt", "mt", "every order", id="both"),
        pytest.param("mot", "mt", "the merged order; theirs, then ours", id="two of three"),
        pytest.param("mot", "mot", "every order", id="all three"),
    ],
)
def test_a_failure_is_told_with_the_orders_in_which_it_happens(tried: str, failing: str, said: str) -> None:
    proof = Proof(
        orders=tuple(LETTERS[letter] for letter in tried),
        failures={LETTERS[letter]: FAILURE for letter in failing},
        differences={},
    )
    assert proof.failing_orders == {FAILURE: said}


def test_downs_that_were_not_run_are_no_round_trip() -> None:
    assert not Proof(orders=(RunOrder.MERGED,), failures={}, differences={}).round_trip


def test_what_the_downs_leave_behind_is_lost() -> None:
    proof = conclude(orders((X,)), EMPTY, {RunOrder.MERGED: OrderResult(schema=schema(a="1"), reverted=schema(a="1"))})
    assert ([name.name for name in proof.lost], proof.round_trip) == (["a"], False)
