"""What a person is asked, and what an answer, or nobody to give it, comes to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitmig.cli import consent
from gitmig.cli.consent import Person, PersonWhoUndoes, hook_files_consent, scratch_consent
from gitmig.errors import GitmigError, SyncFailed
from gitmig.git.hooks import FileChange
from gitmig.ledger.ownership import ForeignLedger, Origin
from gitmig.migrations.plan import Apply, Desired, Plan, Revert
from gitmig.project.trust import Candidate
from tests.samples import applied, migration

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = Origin(count=1, first="0001_x", last="0001_x", by="somebody", at=None, commit=None)
FOREIGN = ForeignLedger("it belongs to another project", hint="look", origin=ORIGIN)
STUCK = SyncFailed("0002_b cannot be undone")
REVERT = Revert(migration=applied(1, migration("0001_a", blob="1"), "1"))
APPLY = Apply(position=2, desired=Desired(migration=migration("0002_b", blob="2"), checksum="2"))
REVERTS, APPLIES = Plan(keep=0, reverts=(REVERT,)), Plan(keep=1, applies=(APPLY,))
SCRIPTS = [Candidate(label=f"000{k}_x", files=(), scripts=()) for k in range(1, 5)]


class Terminal:
    """Somebody who gives the same answer to every question; the questions, each with its default answer."""

    def __init__(self, *, answer: bool) -> None:
        self.answer = answer
        self.asked: list[tuple[str, bool]] = []

    def confirm(self, question: str, *, default: bool = False) -> bool:
        self.asked.append((question, default))
        return self.answer


@pytest.fixture(params=[True, False], ids=["yes", "no"])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal(answer=request.param)
    monkeypatch.setattr(consent, "can_ask", lambda: True)
    monkeypatch.setattr(consent, "confirm", made.confirm)
    return made


def test_a_revert_is_asked_for_and_yes_is_the_default(terminal: Terminal, capfd: pytest.CaptureFixture[str]) -> None:
    assert Person(agreed=False).run_plan(REVERTS) is terminal.answer
    assert terminal.asked == [("Go on?", True)]
    assert capfd.readouterr() == (
        "",
        "  - 0001_a\nReverting 1 migration takes away what it made; rows are kept aside.\n",
    )


def test_an_apply_is_not_asked_for(terminal: Terminal) -> None:
    assert Person(agreed=False).run_plan(APPLIES)
    assert terminal.asked == []


def test_a_protected_database_is_always_asked_for_and_no_is_the_default(
    terminal: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    assert Person(agreed=False).change_protected(APPLIES) is terminal.answer
    assert terminal.asked == [("The database is protected. Go on?", False)]
    assert capfd.readouterr().err == "  + 0002_b\n"


def test_another_projects_database_is_asked_for(terminal: Terminal, capfd: pytest.CaptureFixture[str]) -> None:
    assert Person(agreed=False).take_over(FOREIGN) is terminal.answer
    assert [default for _, default in terminal.asked] == [False]
    assert capfd.readouterr().err == "warning: it belongs to another project\n"


def test_a_rebuild_is_asked_for_and_yes_is_the_default(terminal: Terminal) -> None:
    assert Person(agreed=False).rebuild(STUCK) is terminal.answer
    assert terminal.asked == [("Go on?", True)]


def test_every_undo_is_asked_for_and_no_is_the_default(terminal: Terminal) -> None:
    assert PersonWhoUndoes(agreed=False).run_plan(APPLIES) is terminal.answer
    assert terminal.asked == [("Go on?", False)]


def test_who_has_agreed_is_asked_nothing(terminal: Terminal) -> None:
    person = PersonWhoUndoes(agreed=True)
    assert person.run_plan(REVERTS)
    assert person.change_protected(REVERTS)
    assert person.rebuild(STUCK)
    assert not person.take_over(FOREIGN), "that is not what --yes says"
    assert terminal.asked == []


@pytest.mark.parametrize("make", [lambda: Person(agreed=False), lambda: Person(agreed=False, may_ask=False)])
def test_where_nobody_can_be_asked_a_protected_database_stays_as_it_is(make: Callable[[], Person]) -> None:
    person = make()
    assert person.run_plan(REVERTS)
    assert person.rebuild(STUCK)
    assert not person.take_over(FOREIGN)
    with pytest.raises(GitmigError) as caught:
        person.change_protected(APPLIES)
    assert caught.value.hint == "`gitmig sync --yes` confirms it"


def test_scripts_that_are_not_trusted_are_asked_for(terminal: Terminal) -> None:
    ask = scratch_consent(given=False)
    if terminal.answer:
        ask(SCRIPTS)
    else:
        with pytest.raises(GitmigError, match="nothing was run"):
            ask(SCRIPTS)
    assert terminal.asked == [("Run them?", False)]


def test_without_anybody_to_ask_they_do_not_run() -> None:
    with pytest.raises(GitmigError, match="4 scripts that this clone does not trust: 0001_x, 0002_x, 0003_x and 1"):
        scratch_consent(given=False)(SCRIPTS)
    scratch_consent(given=True)(SCRIPTS)


def change(text: str | None = "x\n", *, is_new: bool = True) -> FileChange:
    return FileChange(
        name=".husky/post-merge", path=Path(), lines="x\n", text=text, is_tracked=not is_new, is_new=is_new
    )


@pytest.mark.parametrize(
    ("changes", "question", "shown"),
    [
        ([change()], "Write that?", ".husky/post-merge would be made, with\n    x\n"),
        (
            [change(is_new=False)],
            "Write that?",
            ".husky/post-merge (which git tracks) would be changed, by\n    x\n",
        ),
        (
            [change(None, is_new=False)],
            "Go on?",
            ".husky/post-merge (which git tracks) would be deleted; it has nothing but\n    x\n",
        ),
    ],
)
def test_files_of_other_tools_are_shown_before_they_are_changed(
    terminal: Terminal, capfd: pytest.CaptureFixture[str], changes: list[FileChange], question: str, shown: str
) -> None:
    assert hook_files_consent(agreed=False)(changes) is terminal.answer
    assert terminal.asked == [(question, True)]
    assert capfd.readouterr() == ("", shown)
    assert hook_files_consent(agreed=True)(changes)


def test_files_of_other_tools_are_left_alone_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "can_ask", lambda: False)
    assert not hook_files_consent(agreed=False)([change()])
