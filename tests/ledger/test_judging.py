"""Which of what roles have of a ledger is refused, and in which words."""

from __future__ import annotations

import pytest

from gitmig.ledger.access import Access, Power, judge

OWNS = Access(power=Power.OWNS, role="eve", what="table gitmig.applied")
SCHEMA = Access(power=Power.OWNS, role="eve", what="schema gitmig")
MAY = Access(
    power=Power.MAY,
    role="Eve",
    what="write the ledger (INSERT on table gitmig.applied)",
    rights="INSERT",
    on="TABLE gitmig.applied",
)
ALL = Access(power=Power.MAY, role=None, what=MAY.what, rights=MAY.rights, on=MAY.on)
RULE = Access(power=Power.SHAPE, role="ada", what="rule r on table gitmig.applied")


def test_nothing_is_refused_where_nothing_was_found() -> None:
    assert judge([], ["eve"]) is None


def test_what_belongs_to_an_accepted_role_is_not_refused() -> None:
    assert judge([OWNS, SCHEMA], ["eve"]) is None


@pytest.mark.parametrize("accepted", [[], ["bob"], ["Eve"], ["PUBLIC"]])
def test_any_other_role_is_named_with_what_it_owns_and_how_to_accept_it(accepted: list[str]) -> None:
    refusal = judge([OWNS, SCHEMA], accepted)
    assert refusal is not None
    assert refusal.message == "role eve owns schema gitmig, and what stands in the ledger runs as you"
    assert refusal.details == ("also: role eve owns table gitmig.applied",)
    assert refusal.hint == "if you trust the role with it: git config --add gitmig.ledgerRole eve"


def test_a_right_is_named_as_it_is_revoked() -> None:
    refusal = judge([MAY], ["eve"])
    assert refusal is not None
    assert refusal.message == (
        "role Eve may write the ledger (INSERT on table gitmig.applied), and what stands in the ledger runs as you"
    )
    assert refusal.hint == (
        'REVOKE INSERT ON TABLE gitmig.applied FROM "Eve" takes that away; if you trust the role with it: '
        "git config --add gitmig.ledgerRole Eve"
    )


@pytest.mark.parametrize("accepted", [[], ["PUBLIC"], [""]])
def test_nobody_can_accept_everybody(accepted: list[str]) -> None:
    refusal = judge([ALL], accepted)
    assert refusal is not None
    assert refusal.message.startswith("everybody may write the ledger")
    assert (
        refusal.hint
        == "REVOKE INSERT ON TABLE gitmig.applied FROM PUBLIC takes that away; `gitmig db psql` leads there"
    )


def test_what_gitmig_never_makes_is_refused_whoever_made_it() -> None:
    refusal = judge([RULE], ["ada"])
    assert refusal is not None
    assert refusal.message.startswith(
        "the ledger has rule r on table gitmig.applied, which gitmig did not make (role ada owns that table)"
    )


def test_a_long_list_is_cut() -> None:
    refusal = judge([SCHEMA, *[OWNS] * 9], [])
    assert refusal is not None
    assert refusal.details[-1] == "and 6 more"
    assert len(refusal.details) == 4


def test_a_strange_name_is_quoted_for_the_shell() -> None:
    refusal = judge([Access(power=Power.OWNS, role="a b; rm -rf /", what="schema gitmig")], [])
    assert refusal is not None
    assert refusal.hint.endswith("'a b; rm -rf /'")
