"""What a rebuild says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.rebuilding import nothing_is_left

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Call = Callable[..., Result]

__all__ = ["nothing_is_left"]
pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_it_says_what_came_along_and_where_the_rest_is(repo: Sandbox, database: Database, gitmig: Call) -> None:
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1), (2); CREATE TABLE by_hand (t text); INSERT INTO by_hand VALUES ('x')")
    commit = repo.git("rev-parse", "HEAD").out[:10]
    result = gitmig("sync", "--rebuild")
    assert (result.status, result.err) == (0, "building 1 migration in a new database\n")
    lines = result.out.splitlines()
    assert lines[:2] == [
        "  carried 2 rows of 1 table",
        "  set aside 1 row of public.by_hand as item 1: the target has no such table",
    ]
    old = rf"  the old database is kept as {database.name}__gitmig_[0-9]{{14}}; `gitmig db prune` drops it"
    assert re.fullmatch(old, lines[2])
    assert lines[3].endswith(f" was built anew and matches the work tree on {commit} (1 migration)")


def test_json(repo: Sandbox, database: Database, gitmig: Call) -> None:
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1)")
    said = json.loads(gitmig("sync", "--rebuild", "--json").out)
    assert said["carried"] == [{"table": "public.a", "rows": 1}]
    assert (said["set_aside"], said["notes"], said["set"]["count"]) == ([], [], 1)
    assert said["kept_as"].startswith(f"{database.name}__gitmig_")


@pytest.mark.parametrize("option", ["--dry-run", "--abandon"])
def test_it_goes_with_neither_a_dry_run_nor_abandoning(repo: Sandbox, gitmig: Call, option: str) -> None:
    result = gitmig("sync", "--rebuild", option)
    assert result.status == 2
    assert result.err.startswith("error: --rebuild goes with neither --dry-run nor --abandon\n")
