"""What `gitmig renumber` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result, Sandbox

    Gitmig = Callable[..., Result]


@pytest.fixture
def feature(repo: Sandbox) -> Sandbox:
    """main has 0002_b, feature (checked out) has 0002_x; the database is empty."""
    repo.git("branch", "feature")
    repo.table("0002_b", "b")
    repo.commit("b")
    repo.git("switch", "--quiet", "feature")
    repo.table("0002_x", "x")
    repo.commit("x")
    return repo


def test_a_dry_run_shows_the_new_names(feature: Sandbox, gitmig: Gitmig) -> None:
    assert gitmig("renumber", "--dry-run").out == (
        "  ~ 0002_x would be 0003_x\ndry run: would rename 1 migration to follow main; nothing was changed\n"
    )


def test_a_synced_database_has_the_new_names(feature: Sandbox, gitmig: Gitmig) -> None:
    gitmig("sync")
    feature.write("migrations/0002_x.sql", (feature.root / "migrations/0002_x.sql").read_text() + "-- 0002_x\n")
    gitmig("sync")
    assert gitmig("renumber").out == (
        "  ~ 0002_x is now 0003_x\n"
        "  ~ migrations/0003_x.sql mentions the new names\n"
        "1 migration renamed to follow main; `git commit` keeps it\n"
        "the database has the new names\n"
    )


def test_a_database_that_cannot_follow_is_explained(feature: Sandbox, gitmig: Gitmig) -> None:
    said = gitmig("renumber", "--database", "postgresql://localhost:1/nowhere")
    assert said.status == 0
    assert said.out.splitlines()[-1].startswith(
        "the database has the old names (cannot connect to nowhere on localhost:1: "
    )
    assert said.out.endswith("; the next `gitmig sync` moves them\n")


def test_nothing_to_rename_says_why(feature: Sandbox, gitmig: Gitmig) -> None:
    assert gitmig("renumber", "--onto", "HEAD").out == (
        "nothing to rename: HEAD has every migration of the work tree\n"
    )
    assert gitmig("renumber", "--onto", "main~1").out == "nothing to rename: your 1 migration follows main~1\n"


def test_json_lists_paths(feature: Sandbox, gitmig: Gitmig) -> None:
    assert json.loads(gitmig("renumber", "--json").out) == {
        "ran": True,
        "onto": "main",
        "renamed": [
            {
                "from": "0002_x",
                "to": "0003_x",
                "paths": [{"from": "migrations/0002_x.sql", "to": "migrations/0003_x.sql"}],
            }
        ],
        "rewritten": [],
        "database_followed": False,
    }
