"""The text, JSON and exit codes of `gitmig check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result, Sandbox


@pytest.fixture
def parted(repo: Sandbox) -> Sandbox:
    """Main drops table a; the branch, which is checked out, adds a column to it."""
    repo.git("branch", "feature")
    repo.migration("0002_drop", "DROP TABLE a;")
    repo.commit("drop")
    repo.git("switch", "-q", "feature")
    repo.migration("0003_column", "ALTER TABLE a ADD COLUMN b int;", None)
    repo.commit("column")
    return repo


def test_findings_are_printed_and_an_error_exits_with_1(parted: Sandbox, gitmig: Callable[..., Result]) -> None:
    result = gitmig("check")
    since = parted.git("rev-parse", "--short=10", "main~1").out.strip()
    assert result.status == 1
    assert result.err == ""
    assert result.out == (
        "error GM203: 0002_drop drops table public.a, and 0003_column creates column public.a.b\n"
        "  at migrations/0003_column.sql:2\n"
        "  hint: take what needs table public.a out of 0003_column, or leave it in place for now\n"
        "warning GM301: 0003_column has no down: it cannot be reverted\n"
        "  at migrations/0003_column.sql\n"
        "  hint: write what undoes it, or an empty down if there is nothing to undo\n"
        f"1 error, 1 warning: the work tree adds 1 migration, main 1, since {since}\n"
    )


def test_without_an_error_it_exits_with_0_and_strict_makes_warnings_count(
    parted: Sandbox, gitmig: Callable[..., Result]
) -> None:
    parted.migration("0003_column", "CREATE TABLE b (id int);", None)
    assert gitmig("check").status == 0
    assert gitmig("check", "--strict").status == 1


def test_nothing_to_say_is_said(parted: Sandbox, gitmig: Callable[..., Result]) -> None:
    result = gitmig("check", "main", "main~1")
    assert result.status == 0
    assert result.out.startswith("no conflicts: main~1 adds 0 migrations, main 1, since ")


def test_json_holds_the_findings(parted: Sandbox, gitmig: Callable[..., Result]) -> None:
    document = json.loads(gitmig("check", "--json", "main", "feature").out)
    assert document["ours"] == {"name": "feature", "commit": parted.git("rev-parse", "feature").out.strip()}
    assert document["ours_added"] == [{"version": "0003", "name": "column"}]
    assert document["findings"][0] == {
        "code": "GM203",
        "severity": "error",
        "message": "0002_drop drops table public.a, and 0003_column creates column public.a.b",
        "hint": "take what needs table public.a out of 0003_column, or leave it in place for now",
        "migrations": ["0003_column", "0002_drop"],
        "objects": ["table public.a"],
        "path": "migrations/0003_column.sql",
        "line": 2,
        "doubt": None,
    }


@pytest.mark.usefixtures("parted")
def test_what_cannot_be_decided_exits_with_3(repo: Sandbox, gitmig: Callable[..., Result]) -> None:
    repo.git("switch", "-q", "--orphan", "island")
    repo.table("0001_z", "z")
    repo.commit("z")
    assert gitmig("check").status == 3
    assert gitmig("check", "nope").status == 2


def test_all_branches_are_listed_as_pairs(parted: Sandbox, gitmig: Callable[..., Result]) -> None:
    parted.git("branch", "other", "main")
    result = gitmig("check", "--all")
    assert result.status == 1
    assert result.out == (
        "main\n"
        "  × feature\n"
        "      GM203: 0002_drop drops table public.a, and 0003_column creates column public.a.b\n"
        "1 pair will conflict: 1 of 1 branches add migrations to main\n"
    )
    assert json.loads(gitmig("check", "--all", "--json").out)["pairs"][0]["second"] == "feature"
    assert gitmig("check", "--all", "--against", "nothing/*").out == (
        "no conflicts: 0 of 0 branches add migrations to main\n"
    )


@pytest.mark.usefixtures("repo")
def test_a_code_is_explained(gitmig: Callable[..., Result]) -> None:
    said = gitmig("check", "--explain", "gm204")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("GM204 dropped twice (error)\n\nBoth sides drop the same: ")
    assert json.loads(gitmig("check", "--explain", "GM204", "--json").out)["when_proven"] == "gone"


@pytest.mark.usefixtures("repo")
def test_a_code_that_is_none_is_refused(gitmig: Callable[..., Result]) -> None:
    said = gitmig("check", "--explain", "GM510")
    assert (said.status, said.out) == (2, "")
    assert said.err == "error: there is no finding GM510\nhint: the codes are GM501, GM502, GM503, GM504\n"
    assert gitmig("check", "--explain", "GM204", "--all").status == 2


@pytest.mark.usefixtures("parted")
def test_options_that_do_not_go_together_are_refused(gitmig: Callable[..., Result]) -> None:
    assert gitmig("check", "--against", "x").status == 2
    assert gitmig("check", "--all", "main", "feature").status == 2


def test_the_code_is_tried_if_asked_for(repo: Sandbox, gitmig: Callable[..., Result]) -> None:
    repo.write("api.py", 'db.all("SELECT id FROM a")\n')
    repo.commit("api")
    repo.git("switch", "-q", "-c", "feature")
    repo.migration("0002_key", "ALTER TABLE a RENAME id TO key;")
    repo.commit("key")
    said = gitmig("check", "--clients", "sql", "--json")
    assert said.status == 1
    document = json.loads(said.out)
    assert [(one["code"], one["path"], one["line"]) for one in document["findings"] if one["code"] == "GM602"] == [
        ("GM602", "api.py", 1)
    ]
    assert document["clients"] == {"files": 1, "tried": 1, "foreign": 0, "failure": None}
    assert "clients: 1 SQL statement in 1 file tried" in gitmig("check", "--clients", "sql").out.splitlines()
    assert json.loads(gitmig("check", "--json").out)["clients"] is None


@pytest.mark.parametrize("other", [("--no-clients",), ("--all",)])
def test_clients_need_two_sides_and_a_wish(
    repo: Sandbox, gitmig: Callable[..., Result], other: tuple[str, ...]
) -> None:
    said = gitmig("check", "--clients", "sql", *other)
    assert said.status == 2
    assert "--clients" in said.err
