"""What may be done to a protected database."""

from __future__ import annotations

import pytest

from gitmig.ledger.protection import Caller, Change, Verdict, judge


@pytest.mark.parametrize("caller", Caller)
@pytest.mark.parametrize("change", Change)
def test_everything_goes_on_a_database_that_is_not_protected(change: Change, caller: Caller) -> None:
    assert judge(change, caller, protected=False) is Verdict.GO


@pytest.mark.parametrize(
    ("change", "caller", "verdict"),
    [
        (Change.NOTHING, Caller.HOOK, Verdict.GO),
        (Change.APPLY, Caller.HOOK, Verdict.LEAVE),
        (Change.REVERT, Caller.HOOK, Verdict.LEAVE),
        (Change.REBUILD, Caller.HOOK, Verdict.LEAVE),
        (Change.NOTHING, Caller.PERSON, Verdict.GO),
        (Change.APPLY, Caller.PERSON, Verdict.ASK),
        (Change.REVERT, Caller.PERSON, Verdict.REFUSE),
        (Change.REBUILD, Caller.PERSON, Verdict.REFUSE),
    ],
)
def test_nothing_is_ever_taken_from_a_protected_one(change: Change, caller: Caller, verdict: Verdict) -> None:
    assert judge(change, caller, protected=True) is verdict
