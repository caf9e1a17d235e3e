"""A protected database changes only at somebody's word, and nothing is taken from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, ProtectedDatabase
from gitmig.events import Event
from gitmig.ledger.protection import Caller
from tests.operations.conftest import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]


@pytest.fixture
def protected(sandbox: Sandbox, database: Database, run_sync: Sync) -> Sandbox:
    """A protected database at 0001_a, and a work tree that also has 0002_b."""
    sandbox.table("0001_a", "a")
    run_sync()
    assert sandbox.gitmig("db", "protect").out.startswith("protected")
    sandbox.table("0002_b", "b")
    return sandbox


def test_a_hook_leaves_it_alone(protected: Sandbox, database: Database, run_sync: Sync) -> None:
    with pytest.raises(ProtectedDatabase, match="is protected, and no hook changes it"):
        run_sync(caller=Caller.HOOK)
    assert database.tables() == ["a"]


def test_the_hook_itself_warns_in_one_line_and_lets_the_checkout_be(protected: Sandbox, database: Database) -> None:
    protected.gitmig("hooks", "install")
    protected.commit("b")
    result = protected.git("checkout", "-b", "other")
    protected.git("rm", "-q", "migrations/0002_b.sql")
    protected.commit("without b")
    result = protected.git("checkout", "main")
    warnings = [line for line in result.err.splitlines() if "protected" in line]
    assert warnings == [f"warning: {warnings[0].partition(': ')[2]}"]
    assert warnings[0].endswith("is protected, and no hook changes it; run `gitmig sync` yourself")
    assert database.tables() == ["a"]


def test_a_person_is_asked_before_something_is_applied(protected: Sandbox, database: Database, run_sync: Sync) -> None:
    answers, told = Answers(agree=False), list[Event]()
    assert run_sync(notify=told.append, decisions=answers) == []
    assert (answers.asked, told, database.tables()) == (["protected 1"], [], ["a"])
    assert run_sync(decisions=Answers()) == ["+ 0002_b"]


def test_without_a_terminal_the_word_is_an_option(protected: Sandbox, database: Database) -> None:
    result = protected.gitmig("sync", check=False)
    assert (result.status, result.err) == (
        3,
        "error: the database is protected: confirm the change\nhint: `gitmig sync --yes` confirms it\n",
    )
    protected.gitmig("sync", "--yes")
    assert database.tables() == ["a", "b"]


def test_nothing_is_reverted_whoever_agrees(protected: Sandbox, database: Database, run_sync: Sync) -> None:
    (protected.root / "migrations/0001_a.sql").unlink()
    with pytest.raises(GitmigError) as caught:
        run_sync()
    assert caught.value.message.endswith("is protected, and this sync would revert 1 of its migrations")
    assert protected.gitmig("sync", "--yes", check=False).status == 3
    assert database.tables() == ["a"]


def test_a_sync_with_nothing_to_do_asks_nobody(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.gitmig("db", "protect")
    answers = Answers()
    run_sync(decisions=answers, caller=Caller.HOOK)
    assert answers.asked == ["run 0"]


def test_protection_can_be_taken_away(protected: Sandbox, run_sync: Sync) -> None:
    assert protected.gitmig("db", "unprotect").out == "no longer protected\n"
    assert protected.gitmig("db", "unprotect").out == "was not protected\n"
    answers = Answers()
    run_sync(decisions=answers)
    assert "protected 1" not in answers.asked


def test_what_was_changed_there_by_hand_is_not_taken_back(
    protected: Sandbox, database: Database, run_sync: Sync
) -> None:
    database.rows("ALTER TABLE a ADD by_hand int")
    with pytest.raises(GitmigError, match="would take back what was changed there by hand") as caught:
        run_sync(discard_drift=True)
    assert caught.value.details == ("column public.a.by_hand",)
    assert "by_hand" in database.columns("a")


def test_a_hook_does_not_finish_what_was_interrupted_there(
    protected: Sandbox, database: Database, run_sync: Sync
) -> None:
    database.rows("""
        INSERT INTO gitmig.unfinished (direction, migration)
        SELECT 'revert', to_jsonb(a) - 'applied_at' FROM gitmig.applied a
    """)
    with pytest.raises(ProtectedDatabase):
        run_sync(caller=Caller.HOOK)
    assert database.tables() == ["a"]
