"""What `gitmig new --sql`, `gitmig capture` and `gitmig diff --sql` print."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]


def test_new_with_sql_prints_the_path(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("new", "--sql", "ALTER TABLE a RENAME COLUMN id TO key")
    assert (result.status, result.err) == (0, "")
    assert result.out == "migrations/0002_alter_table_a_rename_column_id_to_key.sql\n"


def test_new_reads_sql_from_standard_input(repo: Sandbox, gitmig: Gitmig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ALTER TABLE a ADD b int;\nALTER TABLE a ADD c int;\n"))
    result = gitmig("new", "two columns", "--sql", "-", "--sql", "CREATE TABLE b ()")
    assert (result.status, result.out, result.err) == (0, "migrations/0002_two_columns.sql\n", "")
    up = (repo.root / "migrations/0002_two_columns.sql").read_text().partition("-- migrate:down")[0]
    assert up == ("-- migrate:up\nALTER TABLE a ADD b int;\nALTER TABLE a ADD c int;\nCREATE TABLE b ();\n\n")


def test_new_warns_of_what_a_person_should_know(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("new", "b", "--sql", "ALTER TABLE a ADD b int NOT NULL")
    assert (result.status, result.out) == (0, "migrations/0002_b.sql\n")
    assert result.err == (
        'warning: up fails on rows: migrations/0002_b.sql:2: column "b" of relation "a" contains null values; '
        'row {"id": 1}\n'
    )


def test_new_refuses_what_it_has_no_down_for_unless_that_is_meant(repo: Sandbox, gitmig: Gitmig) -> None:
    arguments = ("new", "odd", "--sql", "CREATE TYPE odd")
    result = gitmig(*arguments)
    assert (result.status, result.out) == (3, "")
    assert result.err == (
        "error: no exact down of 0002_odd can be computed\n"
        "  in the way: base type public.odd\n"
        "hint: write its down yourself, in the file that `gitmig new` makes, or say --irreversible\n"
    )
    result = gitmig(*arguments, "--irreversible")
    assert (result.status, result.out) == (0, "migrations/0002_odd.sql\n")
    assert result.err == "warning: 0002_odd has no down section: there will be no way back before it\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["new", "a", "--irreversible"],
            "--irreversible goes with --sql; delete the down section of an empty migration",
        ),
        (["new", "--sql", ""], "there is no SQL to write a migration of"),
    ],
)
def test_a_wrong_call_exits_2(repo: Sandbox, gitmig: Gitmig, arguments: list[str], message: str) -> None:
    result = gitmig(*arguments)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}\n")


def test_capture_names_the_objects_and_the_file(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    gitmig("sync")
    database.rows("ALTER TABLE a ADD author text; DROP TABLE IF EXISTS nope")
    name = gitmig("status").out.splitlines()[0].split()[1].rstrip(",")
    result = gitmig("capture", "by hand")
    assert (result.status, result.err) == (0, "")
    *lines, last = result.out.splitlines()
    assert lines == ["  + column public.a.author", "migrations/0002_by_hand.sql"]
    assert last.startswith(name)
    assert last.endswith(": captured 1 object as 0002_by_hand, which counts as applied")
    result = gitmig("capture")
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith(" has the schema of its migrations: there is nothing to capture\n")


def test_capture_speaks_json(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    gitmig("sync")
    database.rows("ALTER TABLE a ADD author text")
    found = json.loads(gitmig("capture", "--json").out)
    assert found["captured"] == "0002_captured"
    assert found["paths"] == ["migrations/0002_captured.sql"]
    assert found["surplus"] == [{"kind": "column", "name": "public.a.author"}]
    assert (found["missing"], found["changed"], found["findings"]) == ([], [], [])
    assert json.loads(gitmig("capture", "--json").out)["captured"] is None


def test_capture_with_everything_pending_and_nothing_changed(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("capture")
    assert result.status == 0
    assert result.out.endswith(" has the schema of its migrations: there is nothing to capture\n")


def test_diff_prints_sql_in_either_direction(repo: Sandbox, database: Database, gitmig: Gitmig) -> None:
    gitmig("sync")
    database.rows("ALTER TABLE a ADD author text; CREATE TYPE odd")
    result = gitmig("diff", "--sql")
    assert (result.status, result.out) == (0, "ALTER TABLE public.a ADD COLUMN author text;\n")
    assert result.err == "warning: no SQL can be computed for base type public.odd\n"
    assert gitmig("diff", "--sql", "--reverse").out == "ALTER TABLE public.a DROP COLUMN author;\n"
    assert gitmig("diff", "--sql", "--exit-code").status == 1
    found = json.loads(gitmig("diff", "--sql", "--json").out)
    assert found["sql"] == ["ALTER TABLE public.a ADD COLUMN author text"]
    assert found["unhandled"] == [{"kind": "base type", "name": "public.odd"}]
    listed = gitmig("diff", "-R").out.splitlines()
    assert listed[:2] == ["  - base type public.odd", "  - column public.a.author"]
    assert json.loads(gitmig("diff", "--json").out)["sql"] is None
