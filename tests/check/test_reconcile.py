"""Static findings in the light of a proof."""

from __future__ import annotations

from msgspec.structs import replace

from gitmig.check.findings import Finding, Severity
from gitmig.check.proof import WITHOUT_ROWS, OrderFailure, Proof, RunOrder, reconcile
from gitmig.migrations.plan import Direction
from gitmig.schema.model import ObjectKind, ObjectName

BODY = ObjectName(ObjectKind.COLUMN, "public.comments.body")
FAILURE = OrderFailure(
    label="0003_x", direction=Direction.APPLY, path="x.sql", line=2, statement="SELEC 1", message="syntax error"
)
WAYS = (RunOrder.MERGED, RunOrder.THEIRS_FIRST)
SAME = Proof(orders=WAYS, failures={}, differences={}, reverted=True)
FAILS = Proof(orders=WAYS, failures={RunOrder.THEIRS_FIRST: FAILURE}, differences={})
DIFFERS = Proof(orders=WAYS, failures={}, differences={RunOrder.THEIRS_FIRST: (BODY,)}, reverted=True)


def finding(code: str, severity: Severity = Severity.ERROR, doubt: str | None = None, *labels: str) -> Finding:
    return Finding(
        code=code, severity=severity, message="m", hint="h", migrations=labels, objects=(str(BODY),), doubt=doubt
    )


def codes(findings: list[Finding]) -> list[str]:
    return [found.code for found in findings]


def test_what_both_orders_disprove_is_gone() -> None:
    static = [finding("GM205"), finding("GM203", Severity.WARNING), finding("GM101"), finding("GM214", Severity.NOTE)]
    assert codes(reconcile(static, SAME)) == ["GM101", "GM214"]


def test_what_is_about_a_role_was_not_run() -> None:
    about = replace(finding("GM203"), objects=("role reader",))
    assert reconcile([about], SAME) == [about]


def test_what_could_not_be_seen_into_was_run() -> None:
    assert reconcile([finding("GM401", Severity.NOTE)], SAME) == []


def test_the_order_of_two_that_commute_is_only_noted() -> None:
    (found,) = reconcile([finding("GM107", Severity.ERROR, "unsure")], SAME)
    assert (found.severity, found.doubt) == (Severity.NOTE, None)


def test_what_fails_in_every_order_is_one_finding() -> None:
    proof = Proof(orders=WAYS, failures=dict.fromkeys(WAYS, FAILURE), differences={})
    assert [found.message for found in reconcile([], proof)] == ["every order: 0003_x fails at x.sql:2: syntax error"]


def test_what_depends_on_rows_stays_and_is_not_certain() -> None:
    (found,) = reconcile([finding("GM213")], SAME)
    assert (found.severity, found.doubt) == (Severity.ERROR, WITHOUT_ROWS)


def test_an_error_about_the_migration_that_fails_is_certain() -> None:
    assert reconcile([finding("GM205", Severity.ERROR, "a DO block", "0003_x")], FAILS) == [
        finding("GM205", Severity.ERROR, None, "0003_x")
    ]


def test_a_failure_that_nobody_saw_coming_is_a_finding_of_its_own() -> None:
    note = finding("GM214", Severity.NOTE, None, "0003_x")
    assert reconcile([note], FAILS) == [
        note,
        Finding(
            code="GM501",
            severity=Severity.ERROR,
            message="theirs, then ours: 0003_x fails at x.sql:2: syntax error",
            hint="change one of the two sides so that the order does not matter, or `gitmig renumber`",
            migrations=("0003_x",),
            path="x.sql",
            line=2,
        ),
    ]


def test_a_difference_confirms_who_names_the_object() -> None:
    assert reconcile([finding("GM208", Severity.ERROR, "unsure")], DIFFERS) == [finding("GM208")]


def test_a_difference_that_nobody_saw_coming_is_a_finding_of_its_own() -> None:
    (found,) = reconcile([], DIFFERS)
    assert (found.code, found.message, found.objects) == (
        "GM502",
        "theirs, then ours: it runs and gives another schema: column public.comments.body differs",
        ("column public.comments.body",),
    )


def test_a_down_that_fails_or_forgets_is_a_warning() -> None:
    failing = Proof(orders=WAYS, failures={}, differences={}, revert_failure=FAILURE)
    forgetting = Proof(orders=WAYS, failures={}, differences={}, reverted=True, lost=(BODY, BODY))
    said = [(found.code, found.severity, found.message) for p in (failing, forgetting) for found in reconcile([], p)]
    assert said == [
        ("GM503", Severity.WARNING, "the down of 0003_x fails at x.sql:2: syntax error"),
        ("GM503", Severity.WARNING, "the downs do not bring back the schema before them: 2 objects differ"),
    ]


def test_a_proof_that_holds_adds_nothing() -> None:
    assert reconcile([], SAME) == []
