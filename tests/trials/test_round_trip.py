"""Which outcome follows from what was seen."""

from __future__ import annotations

import pytest

from gitmig.schema.model import ObjectKind, ObjectName, Schema
from gitmig.trials.round_trip import Failure, Finding, Outcome, Stage, Trial, judge

A, B = ObjectName(ObjectKind.TABLE, "a"), ObjectName(ObjectKind.TABLE, "b")
ORDER = ObjectName(ObjectKind.COLUMN_ORDER, "a")
BEFORE = Schema({A: "a", ORDER: "x, y"})
AFTER = Schema({A: "a", B: "b", ORDER: "x, y"})
MOVED = Schema({A: "a", ORDER: "y, x"})
EXACT = Trial(undone=BEFORE, again=AFTER)


def failed(stage: Stage, message: str = "no") -> Trial:
    return Trial(failure=Failure(stage=stage, path="p", line=1, statement="s", message=message))


def outcomes(with_rows: Trial, empty: Trial | None = None) -> list[Outcome]:
    return [finding.outcome for finding in judge(BEFORE, AFTER, with_rows, empty)]


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        (EXACT, Finding(outcome=Outcome.UNDONE)),
        (Trial(), Finding(outcome=Outcome.IRREVERSIBLE)),
        (Trial(undone=AFTER), Finding(outcome=Outcome.NOT_UNDONE, objects=(B,))),
        (Trial(undone=BEFORE, again=BEFORE), Finding(outcome=Outcome.SECOND_UP_DIFFERS, objects=(B,))),
        (Trial(undone=MOVED, again=AFTER), Finding(outcome=Outcome.COLUMN_ORDER, objects=(A,))),
    ],
)
def test_schemas_decide_where_nothing_fails(trial: Trial, expected: Finding) -> None:
    assert judge(BEFORE, AFTER, trial, None) == (expected,)


@pytest.mark.parametrize(
    ("with_rows", "empty", "expected"),
    [
        (failed(Stage.UP), failed(Stage.UP), [Outcome.UP_FAILS]),
        (failed(Stage.DOWN), failed(Stage.DOWN), [Outcome.DOWN_FAILS]),
        (failed(Stage.AGAIN), failed(Stage.AGAIN), [Outcome.SECOND_UP_FAILS]),
        (failed(Stage.UP), EXACT, [Outcome.UP_FAILS_ON_ROWS]),
        (failed(Stage.DOWN), EXACT, [Outcome.DOWN_FAILS_ON_ROWS]),
        (failed(Stage.AGAIN), EXACT, [Outcome.SECOND_UP_FAILS]),
        (failed(Stage.UP), Trial(), [Outcome.UP_FAILS_ON_ROWS, Outcome.IRREVERSIBLE]),
        (failed(Stage.UP), failed(Stage.DOWN), [Outcome.UP_FAILS_ON_ROWS, Outcome.DOWN_FAILS]),
        (
            failed(Stage.DOWN),
            Trial(undone=MOVED, again=AFTER),
            [Outcome.DOWN_FAILS_ON_ROWS, Outcome.COLUMN_ORDER],
        ),
    ],
)
def test_what_fails_on_rows_only_is_told_apart(with_rows: Trial, empty: Trial, expected: list[Outcome]) -> None:
    assert outcomes(with_rows, empty) == expected
