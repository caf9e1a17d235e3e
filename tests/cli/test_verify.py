"""What `gitmig verify` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Result, Sandbox

    Gitmig = Callable[..., Result]


def test_each_migration_has_a_line_and_the_last_one_counts(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.migration("0002_b", "ALTER TABLE a ADD b int NOT NULL;", "ALTER TABLE a DROP b;")
    many = "".join(f"CREATE TABLE c{k} ();" for k in range(5))
    repo.migration("0003_c", many, "DROP TABLE c0; DROP TABLE nope;")
    repo.migration("0004_d", many.replace("TABLE c", "TABLE d"), "DROP TABLE d0;")
    repo.migration("0005_e", "ALTER TABLE nope ADD e int;")
    repo.table("0006_f", "f")
    result = gitmig("verify", "--all")
    assert (result.status, result.err) == (1, "")
    assert result.out.splitlines() == [
        "0001_a\tundone exactly\t",
        '0002_b\tup fails on rows\tmigrations/0002_b.sql:2: column "b" of relation "a" contains null values; '
        'row {"id": 1}',
        '0003_c\tdown fails\tmigrations/0003_c.sql:4: table "nope" does not exist',
        "0004_d\tnot undone\ttable public.d1, table public.d2, table public.d3, 1 more",
        '0005_e\tup fails\tmigrations/0005_e.sql:2: relation "nope" does not exist',
        "0006_f\tnot reached\tan up before it fails",
        "verified 5 of 6 migrations (all): 1 undone exactly, 1 up fails on rows, 1 down fails, 1 not undone, "
        "1 up fails, 1 not reached",
    ]


def test_notes_count_only_if_asked_to(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.commit("a")
    repo.git("switch", "--quiet", "--create", "topic")
    repo.migration("0002_b", "CREATE TABLE b ();", None)
    base = repo.git("rev-parse", "HEAD").out[:10]
    result = gitmig("verify")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        "0002_b\tirreversible\t",
        f"verified 1 of 2 migrations (those that main has not at {base}): 1 irreversible",
    ]
    assert gitmig("verify", "--strict").status == 1


def test_nothing_new_is_no_finding(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("verify")
    assert (result.status, result.err) == (0, "")
    assert result.out == "verified 0 of 1 migration (those that HEAD has not)\n"


def test_a_long_series_shows_a_sign_of_life(repo: Sandbox, gitmig: Gitmig) -> None:
    for k in range(50):
        repo.migration(f"{k + 2:04}_x", f"CREATE TABLE x{k} ();", f"DROP TABLE x{k};")
    result = gitmig("verify", "--all")
    assert (result.status, result.err) == (0, "50 of 51 migrations verified …\n")


def test_json_says_the_same(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.migration("0002_b", "ALTER TABLE a ADD b int NOT NULL; CREATE TABLE odd ();", "ALTER TABLE a DROP b;")
    repo.migration("0003_c", "ALTER TABLE nope ADD e int;")
    repo.table("0004_d", "d")
    result = gitmig("verify", "--all", "--json")
    assert result.status == 1
    found = json.loads(result.out)
    assert found["selected"] == "all"
    assert found["set"]["count"] == 4
    assert found["unreached"] == [{"version": "0004", "name": "d"}]
    first, second, third = found["migrations"]
    assert first == {
        "version": "0001",
        "name": "a",
        "path": "migrations/0001_a.sql",
        "findings": [{"outcome": "undone exactly", "weight": "fine", "objects": [], "failure": None}],
    }
    assert second["findings"] == [
        {
            "outcome": "up fails on rows",
            "weight": "finding",
            "objects": [],
            "failure": {
                "stage": "up",
                "path": "migrations/0002_b.sql",
                "line": 2,
                "statement": "ALTER TABLE a ADD b int NOT NULL",
                "message": 'column "b" of relation "a" contains null values',
                "detail": None,
                "row": '{"id": 1}',
            },
        },
        {
            "outcome": "not undone",
            "weight": "finding",
            "objects": [{"kind": "table", "name": "public.odd"}],
            "failure": None,
        },
    ]
    assert third["findings"][0]["outcome"] == "up fails"
