"""What people read where only the ledger changes, and where a squash is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]


def squashed(repo: Sandbox, gitmig: Gitmig) -> None:
    """0001_a and 0002_b are applied; the work tree has 0002_both in their place."""
    repo.table("0002_b", "b")
    repo.commit("b")
    gitmig("sync")
    for label in ("0001_a", "0002_b"):
        (repo.root / f"migrations/{label}.sql").unlink()
    repo.migration("0002_both", "CREATE TABLE b (id int PRIMARY KEY);\nCREATE TABLE a (id int PRIMARY KEY);")


LINE = "  = 2 migrations (0001_a to 0002_b) are now 0002_both: same schema, no script run\n"


def test_a_sync_says_in_one_line_what_is_what_now(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    squashed(repo, gitmig)
    result = gitmig("sync")
    assert result.out.startswith(f"{LINE}{database.name} ")
    assert result.out.count("\n") == 2
    assert result.err == ""


def test_a_dry_run_and_status_say_it_before(repo: Sandbox, gitmig: Gitmig) -> None:
    squashed(repo, gitmig)
    said = gitmig("sync", "--dry-run").out
    assert said.startswith(f"{LINE}dry run: would revert 0, apply 0, replace 2 without a script on ")
    told = gitmig("status")
    assert LINE in told.out
    assert told.out.endswith(
        "out of sync: `gitmig sync` reverts 0 and applies 0, and changes the ledger where the schema is the same\n"
    )
    assert gitmig("status", "--exit-code").status == 1


def test_json_names_what_goes_and_what_comes(repo: Sandbox, gitmig: Gitmig) -> None:
    squashed(repo, gitmig)
    expected = {
        "going": [{"version": "0001", "name": "a"}, {"version": "0002", "name": "b"}],
        "coming": [{"version": "0002", "name": "both"}],
    }
    for words in (["status"], ["sync", "--dry-run"], ["sync"]):
        assert json.loads(gitmig(*words, "--json").out)["plan"]["replacement"] == expected
    assert json.loads(gitmig("sync", "--json").out)["plan"]["replacement"] is None


def test_the_log_marks_the_commit_of_the_squash(repo: Sandbox, gitmig: Gitmig) -> None:
    squashed(repo, gitmig)
    repo.commit("squash")
    gitmig("sync")
    marked = [line for line in gitmig("log").out.splitlines() if line.startswith("*")]
    assert len(marked) == 1
    assert marked[0].endswith("squash")


def test_new_squash_prints_the_path_and_says_what_it_removed(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.table("0002_b", "b")
    repo.commit("b")
    result = gitmig("new", "--squash")
    assert (result.status, result.out) == (0, "migrations/0002_baseline.sql\n")
    assert result.err == "removed 2 files, as the proof went well\n"


def test_new_squash_goes_up_to_a_version_and_under_a_title(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.table("0002_b", "b")
    repo.table("0003_c", "c")
    repo.commit("b and c")
    result = gitmig("new", "tables a and b", "--squash", "0002")
    assert (result.status, result.out) == (0, "migrations/0002_tables_a_and_b.sql\n")


def test_options_that_do_not_go_together_are_refused(repo: Sandbox, gitmig: Gitmig) -> None:
    assert gitmig("new", "--squash", "0001", "--sql", "SELECT 1").status == 2
    assert gitmig("new", "x", "--leave-data").status == 2


def test_what_could_not_be_kept_is_named(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.migration("0002_seed", "ALTER TABLE a ADD b int;\nINSERT INTO a VALUES (1, 2);\nALTER TABLE a DROP b;")
    repo.commit("seed")
    refused = gitmig("new", "--squash")
    assert refused.status == 3
    assert refused.err == (
        "error: behind the schema, the data statements do not give the same rows: public.a differs\n"
        "  fails: migrations/0002_seed.sql:3: INSERT INTO a VALUES (1, 2)\n"
        "hint: --leave-data writes it without those that fail; what it then lacks, a new database will not have\n"
    )
    told = gitmig("new", "--squash", "--leave-data")
    assert told.status == 0
    assert told.err == (
        "warning: left out, it fails behind the schema: migrations/0002_seed.sql:3: INSERT INTO a VALUES (1, 2)\n"
        "warning: a new database will have other rows in public.a\n"
        "removed 2 files, as the proof went well\n"
    )
