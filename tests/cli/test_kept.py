"""`gitmig kept`, as people call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gitmig.core.plan import Direction
from gitmig.database import ledger_schema
from gitmig.database.connection import connect
from gitmig.rows.items import Limits, Subject
from gitmig.rows.preserve import Preserver
from tests.rows.running import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("repo")


@pytest.fixture
def kept(repo: Sandbox, database: Database) -> None:
    """Item 1: a column of a table with two rows, dropped by a down."""
    database.rows("CREATE TABLE comments (id int PRIMARY KEY, author text)")
    database.rows("INSERT INTO comments VALUES (1, 'Ada'), (2, NULL)")
    with connect(database.url, "test") as connection, connection.transaction():
        ledger_schema.upgrade(connection)
        Preserver(connection, Limits(), "Ada", "c0ffee").run(
            Subject(version="0002", name="author", checksum="x"),
            Direction.REVERT,
            Call(lambda: connection.execute("ALTER TABLE public.comments DROP COLUMN author").close()),
        )


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"]])
def test_a_database_without_a_ledger_has_nothing_kept(gitmig: Gitmig, arguments: list[str]) -> None:
    result = gitmig("kept", *arguments)
    assert (result.status, result.out.strip()) == (0, "[]" if "--json" in arguments else "nothing is kept")


@pytest.mark.usefixtures("kept")
def test_list_and_show(gitmig: Gitmig) -> None:
    cells = gitmig("kept", "list").out.rstrip("\n").split("\t")
    assert [*cells[:4], cells[6]] == ["1", "- 0002_author", "comments (author)", "2", "its up"]
    assert gitmig("kept", "show", "1").out == "1\tAda\n2\t\n"
    assert gitmig("kept", "show", "1", "-n", "1").err == "1 of 2 rows; -n shows more\n"


@pytest.mark.usefixtures("kept")
def test_the_same_as_json(gitmig: Gitmig) -> None:
    (item,) = json.loads(gitmig("kept", "list", "--json").out)
    assert {key: item[key] for key in ("number", "migration", "direction", "table", "rows", "kept_by", "commit")} == {
        "number": 1,
        "migration": {"version": "0002", "name": "author"},
        "direction": "revert",
        "table": {"schema": "public", "name": "comments"},
        "rows": 2,
        "kept_by": "Ada",
        "commit": "c0ffee",
    }
    assert item["columns"] == [
        {"name": "id", "type": "integer", "key": True, "lost": False},
        {"name": "author", "type": "text", "key": False, "lost": True},
    ]
    shown = json.loads(gitmig("kept", "show", "1", "--json").out)
    assert shown["values"][0] == {"values": {"id": "1", "author": "Ada"}, "reason": None}


@pytest.mark.usefixtures("kept")
def test_restore_needs_a_place_and_then_puts_everything_back(gitmig: Gitmig, database: Database) -> None:
    refused = gitmig("kept", "restore", "1")
    assert (refused.status, refused.err) == (
        3,
        "error: comments (author) has no place in the database as it is now\n"
        "hint: it comes back by itself when 0002_author is applied again\n",
    )
    database.rows("ALTER TABLE comments ADD COLUMN author text DEFAULT 'x'")
    assert gitmig("kept", "restore", "1").out == "put 2 rows back into comments\n"
    assert database.rows("TABLE comments ORDER BY id") == [(1, "Ada"), (2, None)]
    assert gitmig("kept", "list").out == "nothing is kept\n"


@pytest.mark.usefixtures("kept")
def test_restore_says_what_is_refused(gitmig: Gitmig, database: Database) -> None:
    database.rows("ALTER TABLE comments ADD COLUMN author text NOT NULL DEFAULT 'x'")
    result = gitmig("kept", "restore", "1")
    assert result.status == 1
    assert result.out.startswith(
        'put 1 row back into comments\nstill kept, 1 row of comments: null value in column "author"'
    )
    assert gitmig("kept", "show", "1").out.startswith("2\t\tnull value in column")


@pytest.mark.usefixtures("kept")
def test_drop_names_what_it_drops(gitmig: Gitmig, database: Database) -> None:
    assert gitmig("kept", "drop", "--yes").err.startswith("error: name items, or say --all")
    assert gitmig("kept", "drop", "7", "--yes").err.startswith("error: nothing is kept under number 7")
    assert gitmig("kept", "drop", "1", "--yes").out == "dropped 1: 2 rows of comments (author)\n"
    assert database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'gitmig_kept'") == [("item",)]
    assert gitmig("kept", "drop", "--all", "--yes").out == ""
