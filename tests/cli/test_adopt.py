"""What `gitmig adopt` prints, and what points to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]

TABLE = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY);"
A = "CREATE TABLE a (id int PRIMARY KEY);"
LAST = " : adopted 1 migration, up to 0001_a; nothing was run"
WITH_DRIFT = (
    "hint: `gitmig adopt --with-drift` takes it over as it is, for `gitmig capture` or `gitmig sync --discard-drift`; "
    "what is not the migrations' business belongs into `ignore`, what every database needs first into `bootstrap`"
)


@pytest.fixture
def migrated(repo: Sandbox, database: Database) -> Sandbox:
    """What dbmate leaves after `dbmate up` with migration 0001_a."""
    database.rows(f"{TABLE}{A}INSERT INTO schema_migrations VALUES ('0001')")
    return repo


def said(text: str) -> list[str]:
    """The lines, without what the database is called."""
    lines = [line.split(": adopted", 1) for line in text.splitlines()]
    return [f" : adopted{line[1]}" if len(line) > 1 else line[0] for line in lines]


def test_it_says_what_was_found_and_what_comes_next(migrated: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("adopt")
    assert (result.status, result.err) == (0, "")
    assert said(result.out) == [
        "found      public.schema_migrations, the table of dbmate",
        "schema     that of a fresh build",
        LAST,
        "next       `git switch`: with the hooks of `gitmig init`, the database follows the checkout from here on",
    ]
    assert gitmig("sync").out.endswith(" (1 migration)\n")


def test_what_is_pending_is_named(migrated: Sandbox, gitmig: Gitmig) -> None:
    for number in range(2, 7):
        migrated.table(f"000{number}_b", f"b{number}")
    assert said(gitmig("adopt").out)[2:] == [
        "pending    0002_b, 0003_b, 0004_b and 2 more",
        LAST,
        "next       `gitmig sync` applies 5",
    ]


def test_a_gap_is_said_to_be_reverted_over(migrated: Sandbox, database: Database, gitmig: Gitmig) -> None:
    migrated.table("0002_b", "b")
    migrated.table("0003_c", "c")
    database.rows("CREATE TABLE c (id int PRIMARY KEY); INSERT INTO schema_migrations VALUES ('0003')")
    assert said(gitmig("adopt").out)[-1] == (
        "next       `gitmig sync` reverts 1 and applies 2: what is pending comes before what is applied"
    )


def test_a_commit_is_adopted_and_the_work_tree_synced(migrated: Sandbox, gitmig: Gitmig) -> None:
    migrated.table("0002_b", "b")
    assert said(gitmig("adopt", "HEAD").out)[2:] == [
        LAST,
        "next       `gitmig sync` brings the database to the work tree",
    ]


def test_the_schema_alone_is_said_to_be_all_there_was(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    database.rows(A)
    result = gitmig("adopt")
    assert result.err == "building 1 migration in a new database\n"
    assert said(result.out)[0] == "found      no other tool's table; the schema is that after 0001_a"


def test_alike_positions_are_named(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    repo.migration("0002_rows", "INSERT INTO a VALUES (1);", "DELETE FROM a;")
    database.rows(A)
    assert said(gitmig("adopt").out)[0] == (
        "found      no other tool's table; the schema is the same after 0001_a, 0002_rows: the last of them counts"
    )


def test_what_differs_exits_3_and_is_named(migrated: Sandbox, database: Database, gitmig: Gitmig) -> None:
    database.rows("ALTER TABLE a ADD odd int")
    result = gitmig("adopt")
    assert (result.status, result.out) == (3, "")
    first, *rest = result.err.splitlines()
    assert first.startswith("error: the schema of ")
    assert rest == ["  1 object differs:", "  + column public.a.odd", WITH_DRIFT]


def test_drift_that_is_taken_over_is_said(migrated: Sandbox, database: Database, gitmig: Gitmig) -> None:
    database.rows("ALTER TABLE a ADD odd int")
    assert said(gitmig("adopt", "--with-drift").out)[1:] == [
        "schema     differs from a fresh build in 1 object, which is drift now",
        "  + column public.a.odd",
        LAST,
        "next       `gitmig capture` makes a migration of the drift, `gitmig sync --discard-drift` takes it back",
    ]


def test_the_nearest_position_is_said_to_be_only_near(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    database.rows(f"{A}ALTER TABLE a ADD odd int")
    assert said(gitmig("adopt", "--with-drift").out)[0] == (
        "found      no other tool's table; the nearest schema is that after 0001_a"
    )


def test_without_verification_that_is_said(migrated: Sandbox, gitmig: Gitmig) -> None:
    migrated.git("config", "gitmig.verify", "never")
    assert said(gitmig("adopt").out)[1] == 'schema     not compared with a fresh build: verify is "never"'


def test_a_protected_database_needs_a_word(migrated: Sandbox, database: Database, gitmig: Gitmig) -> None:
    gitmig("db", "protect")
    result = gitmig("adopt")
    assert (result.status, result.err) == (
        3,
        "error: the database is protected: confirm the change\nhint: `gitmig adopt --yes` confirms it\n",
    )
    assert gitmig("adopt", "--yes").status == 0
    assert database.applied() == ["0001_a"]


def test_a_second_time_exits_3(migrated: Sandbox, gitmig: Gitmig) -> None:
    gitmig("adopt")
    result = gitmig("adopt")
    assert result.status == 3
    assert result.err.endswith(
        " has a ledger with applied migrations already: there is nothing to adopt\n"
        "hint: `gitmig status` shows where it is\n"
    )


def test_json_has_the_same(migrated: Sandbox, database: Database, gitmig: Gitmig) -> None:
    migrated.table("0002_b", "b")
    database.rows("ALTER TABLE a ADD odd int")
    found = json.loads(gitmig("adopt", "--with-drift", "--json").out)
    assert found.pop("database").startswith(database.name)
    assert found == {
        "ran": True,
        "commit": migrated.git("rev-parse", "HEAD").out.strip(),
        "tool": "dbmate",
        "table": {"schema": "public", "name": "schema_migrations"},
        "adopted": [{"version": "0001", "name": "a"}],
        "alike": [],
        "pending": [{"version": "0002", "name": "b"}],
        "verified": True,
        "drift": {"missing": [], "surplus": [{"kind": "column", "name": "public.a.odd"}], "changed": []},
        "plan": {
            "reverts": [],
            "replacement": None,
            "applies": [{"direction": "apply", "version": "0002", "name": "b"}],
            "irreversible": [],
            "moves": [],
        },
    }


def test_json_of_a_schema_alone_has_no_table(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    database.rows(A)
    found = json.loads(gitmig("adopt", "--json").out)
    assert (found["tool"], found["table"], found["drift"]) == (None, None, None)
    assert found["alike"] == [{"version": "0001", "name": "a"}]


@pytest.mark.parametrize("arguments", [["sync"], ["hooks", "run", "post-checkout"]])
def test_a_sync_before_points_to_it(migrated: Sandbox, gitmig: Gitmig, arguments: list[str]) -> None:
    gitmig("init")  # no hook does anything before
    result = gitmig(*arguments)
    assert (result.status, result.out) == (3, "")
    assert "`gitmig adopt` marks as applied what another tool has applied" in result.err


def test_a_dry_run_and_status_point_to_it(migrated: Sandbox, gitmig: Gitmig) -> None:
    assert "a sync would be refused: no migration made, see `gitmig adopt`: " in gitmig("sync", "-n").out
    assert gitmig("status").out.splitlines()[-2:] == [
        "not adopted: the database has a schema that no migration made",
        "`gitmig adopt` marks as applied what another tool has applied; until then `gitmig sync` is blocked",
    ]


@pytest.mark.parametrize(
    ("sql", "migrations", "following"),
    [
        (
            f"{TABLE}{A}INSERT INTO schema_migrations VALUES ('0001')",
            True,
            "`gitmig adopt`: dbmate has applied migrations here (public.schema_migrations)",
        ),
        (A, True, "`gitmig adopt`: the database has a schema already, which may be that of your migrations"),
        (A, False, "`gitmig capture` makes a first migration of the schema that the database has"),
        (TABLE, True, "`gitmig status`, then `gitmig sync`: the folder has 1 migration"),
    ],
)
def test_init_says_what_comes_next(
    repo: Sandbox, database: Database, gitmig: Gitmig, sql: str, migrations: bool, following: str
) -> None:
    database.rows(sql)
    if not migrations:
        repo.git("rm", "-q", "migrations/0001_a.sql")
    assert gitmig("init").out.splitlines()[-1] == f"next       {following}"
