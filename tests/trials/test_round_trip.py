"""Which outcome follows from what was seen."""

from __future__ import annotations

import pytest

from gitmig.schema.model import ObjectKind, ObjectName, Schema
from gitmig.trials.round_trip import Observation, RoundTrip, RoundTripFailure, RoundTripOutcome, Stage, observe

A, B = ObjectName(ObjectKind.TABLE, "a"), ObjectName(ObjectKind.TABLE, "b")
ORDER = ObjectName(ObjectKind.COLUMN_ORDER, "a")
BEFORE = Schema({A: "a", ORDER: "x, y"})
AFTER = Schema({A: "a", B: "b", ORDER: "x, y"})
MOVED = Schema({A: "a", ORDER: "y, x"})
EXACT = RoundTrip(undone=BEFORE, again=AFTER)


def failed(stage: Stage, message: str = "no") -> RoundTrip:
    return RoundTrip(failure=RoundTripFailure(stage=stage, path="p", line=1, statement="s", message=message))


def outcomes(with_rows: RoundTrip, empty: RoundTrip | None = None) -> list[RoundTripOutcome]:
    return [finding.outcome for finding in observe(BEFORE, AFTER, with_rows, empty)]


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        (EXACT, Observation(outcome=RoundTripOutcome.UNDONE)),
        (RoundTrip(), Observation(outcome=RoundTripOutcome.IRREVERSIBLE)),
        (RoundTrip(undone=AFTER), Observation(outcome=RoundTripOutcome.NOT_UNDONE, objects=(B,))),
        (RoundTrip(undone=BEFORE, again=BEFORE), Observation(outcome=RoundTripOutcome.SECOND_UP_DIFFERS, objects=(B,))),
        (RoundTrip(undone=MOVED, again=AFTER), Observation(outcome=RoundTripOutcome.COLUMN_ORDER, objects=(A,))),
    ],
)
def test_schemas_decide_where_nothing_fails(trial: RoundTrip, expected: Observation) -> None:
    assert observe(BEFORE, AFTER, trial, None) == (expected,)


@pytest.mark.parametrize(
    ("with_rows", "empty", "expected"),
    [
        (failed(Stage.UP), failed(Stage.UP), [RoundTripOutcome.UP_FAILS]),
        (failed(Stage.DOWN), failed(Stage.DOWN), [RoundTripOutcome.DOWN_FAILS]),
        (failed(Stage.AGAIN), failed(Stage.AGAIN), [RoundTripOutcome.SECOND_UP_FAILS]),
        (failed(Stage.UP), EXACT, [RoundTripOutcome.UP_FAILS_ON_ROWS]),
        (failed(Stage.DOWN), EXACT, [RoundTripOutcome.DOWN_FAILS_ON_ROWS]),
        (failed(Stage.AGAIN), EXACT, [RoundTripOutcome.SECOND_UP_FAILS]),
        (failed(Stage.UP), RoundTrip(), [RoundTripOutcome.UP_FAILS_ON_ROWS, RoundTripOutcome.IRREVERSIBLE]),
        (failed(Stage.UP), failed(Stage.DOWN), [RoundTripOutcome.UP_FAILS_ON_ROWS, RoundTripOutcome.DOWN_FAILS]),
        (
            failed(Stage.DOWN),
            RoundTrip(undone=MOVED, again=AFTER),
            [RoundTripOutcome.DOWN_FAILS_ON_ROWS, RoundTripOutcome.COLUMN_ORDER],
        ),
    ],
)
def test_what_fails_on_rows_only_is_told_apart(
    with_rows: RoundTrip, empty: RoundTrip, expected: list[RoundTripOutcome]
) -> None:
    assert outcomes(with_rows, empty) == expected
