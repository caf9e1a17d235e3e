"""Confirmed plans: what a caller without a terminal may take away where `guard` says so, and what `--confirm` runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gitmig import GitmigError, open_project, sync
from gitmig.errors import LeftToSync

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tests.conftest import Database, Sandbox


@pytest.fixture
def clone(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """Synced with two migrations, of which the work tree has the first one only; nobody sits at a terminal."""
    made = make_sandbox()
    made.gitmig_here("init", "--database", database.url)
    made.table("1_a", "a")
    made.commit("a")
    made.table("2_b", "b")
    made.gitmig_here("sync")
    (made.root / "migrations/2_b.sql").unlink()
    made.environment["GITMIG_GUARD"] = "confirm"
    return made


def planned(clone: Sandbox) -> str:
    """The hash of the plan, as JSON has it."""
    document = json.loads(clone.gitmig("sync", "--plan", "--json").out)
    assert document["ran"] is False
    return str(document["hash"])


def test_nothing_is_reverted_without_a_plan_that_is_confirmed(clone: Sandbox, database: Database) -> None:
    refused = clone.gitmig("sync", check=False)
    assert (refused.status, refused.err) == (
        3,
        'error: this would revert 2_b, and guard = "confirm" (or GITMIG_GUARD) wants a plan that is confirmed; '
        "nothing was synced\nhint: `gitmig sync --plan` shows the plan and its hash, `gitmig sync --confirm HASH` runs "
        "exactly that\n",
    )
    assert clone.gitmig("sync", "--yes", check=False).status == 3, "that is no plan"
    shown = clone.gitmig("sync", "--plan").out.splitlines()
    named = planned(clone)
    assert shown[0] == "  - 2_b"
    assert shown[-1] == f"plan {named}: `gitmig sync --confirm {named}` runs exactly this"
    assert database.tables() == ["a", "b"]
    assert clone.gitmig("sync", "--confirm", named).status == 0
    assert database.tables() == ["a"]
    assert clone.gitmig("sync", "--plan").out.count("plan ") == 0, "there is nothing to run"
    clone.table("3_c", "c")
    assert clone.gitmig("sync").status == 0, "what takes nothing away needs none"


def test_a_confirmed_plan_runs_exactly_or_not_at_all(clone: Sandbox, database: Database) -> None:
    """Whoever changes something in between, there or here, and also where no guard is set."""
    del clone.environment["GITMIG_GUARD"]
    named = planned(clone)
    assert planned(clone) == named
    clone.table("3_c", "c")
    other = planned(clone)
    assert other != named
    refused = clone.gitmig("sync", "--confirm", named, check=False)
    assert (refused.status, refused.err.splitlines()[0]) == (
        3,
        f"error: the plan is not the one of hash {named}: the database, the files or the options are others by now; "
        "nothing was changed",
    )
    assert database.tables() == ["a", "b"]
    assert clone.gitmig("sync", "HEAD", "--confirm", named).status == 0, "a commit with the same set is the same plan"
    assert clone.gitmig("sync", "--confirm", other, check=False).status == 3, "the database is another one now"
    assert database.tables() == ["a"]
    for options in (["--plan"], ["--abandon"], ["--discard-drift"], ["--rebuild"]):
        assert clone.gitmig("sync", "--confirm", other, *options, check=False).status == 2


def test_the_same_for_programs_that_call_gitmig(
    clone: Sandbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITMIG_GUARD", "confirm")
    project = open_project(clone.root)
    with pytest.raises(LeftToSync, match="this would revert 2_b"):
        sync(project)
    with pytest.raises(GitmigError, match="is not the one of hash 0"):
        sync(project, confirm="0")
    assert sync(project, confirm=sync(project, dry_run=True).hash).ran
    assert database.tables() == ["a"]


def test_a_hook_leaves_it_to_a_plan_but_brings_a_fresh_copy_to_its_branch(
    clone: Sandbox, database: Database, maintenance: psycopg.Connection
) -> None:
    clone.git("branch", "old")
    clone.table("2_b", "b")
    clone.commit("b")
    del clone.environment["GITMIG_GUARD"]
    clone.git("config", "gitmig.guard", "confirm")
    said = clone.git("switch", "-q", "old").err
    assert said.startswith("warning: this would revert 2_b, and guard = ")
    assert said.count("\n") == 1
    assert database.tables() == ["a", "b"]
    clone.git("switch", "-q", "main")
    clone.git("config", "gitmig.per", "worktree")
    clone.gitmig("sync")
    said = clone.git("worktree", "add", "-q", "../w", "old").err
    maintenance.execute(f"DROP DATABASE {database.name}_w".encode())
    assert "  - 2_b  (" in said
    assert database.tables() == ["a", "b"]


def test_what_no_plan_shows_is_left_to_a_person(clone: Sandbox, database: Database) -> None:
    for command, what in (
        ("sync --rebuild", "to make the database anew"),
        ("sync --discard-drift", "to take back what was changed by hand"),
        ("sync --abandon", "to take back what was changed by hand"),
        ("kept undo --yes", "to undo a sync"),
        ("kept drop --all --yes", "to drop kept rows"),
        ("db unprotect", "to take a protection away"),
    ):
        refused = clone.gitmig(*command.split(), check=False)
        assert (refused.status, refused.err) == (
            3,
            f'error: guard = "confirm" (or GITMIG_GUARD) leaves it to a person at a terminal {what}\n'
            "hint: ask one to run the command\n",
        )
    assert database.tables() == ["a", "b"]
