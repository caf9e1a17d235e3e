"""`gitmig kept`, as people call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gitmig.ledger import schema
from gitmig.migrations import languages
from gitmig.migrations.plan import Direction
from gitmig.postgres.address import connect
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
        schema.upgrade(connection)
        Preserver(connection, Limits(), "Ada", "c0ffee").run(
            Subject(version="0002", name="author", checksum="x"),
            Direction.REVERT,
            Call(lambda: connection.execute("ALTER TABLE public.comments DROP COLUMN author").close()),
        )


@pytest.fixture
def another(kept: None, database: Database) -> None:
    """Item 2: values that a migration took which is applied."""
    with connect(database.url, "test") as connection, connection.transaction():
        Preserver(connection, Limits(), "Ada", "c0ffee").run(
            Subject(version="0003", name="clear", checksum="y"),
            Direction.APPLY,
            Call(lambda: connection.execute("DELETE FROM public.comments WHERE id = 2").close()),
        )


@pytest.mark.parametrize("arguments", [[], ["--json"], ["list"], ["list", "--json"]])
def test_a_database_without_a_ledger_has_nothing_kept(gitmig: Gitmig, arguments: list[str]) -> None:
    result = gitmig("kept", *arguments)
    assert (result.status, result.out.strip()) == (0, "[]" if "--json" in arguments else "nothing is kept")


@pytest.mark.usefixtures("kept")
def test_list_and_show(gitmig: Gitmig) -> None:
    cells = gitmig("kept", "list").out.rstrip("\n").split("\t")
    waits = "its up (in no branch any more)"
    assert [*cells[:4], cells[6]] == ["1", "- 0002_author", "comments (author)", "2", waits]
    assert gitmig("kept").out == gitmig("kept", "list").out
    assert gitmig("kept").err == (
        "nothing brings 1 back by itself: `gitmig kept show 1` shows the rows, `gitmig kept restore 1` puts it back, "
        "`gitmig kept drop 1` drops it for good\n"
    )
    assert gitmig("kept", "--json", "list").err.startswith("error: options go behind the command: gitmig kept list …")
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
    assert (item["brought_back_by"], item["migration_exists"]) == ("up", False)
    assert item["found_in"] == {"applied": False, "work_tree": False, "branches": []}
    assert gitmig("kept", "--json").out == gitmig("kept", "list", "--json").out
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


@pytest.mark.usefixtures("kept")
def test_an_entry_says_where_its_migration_is(gitmig: Gitmig, repo: Sandbox, database: Database) -> None:
    path = repo.migration("0002_author", "ALTER TABLE comments ADD author text;")
    checksum = languages.by_name("sql").checksum("ALTER TABLE comments ADD author text;")
    database.rows(f"UPDATE gitmig_kept.item SET checksum = '{checksum}'")
    assert _waits(gitmig) == "its up (in the work tree)"
    repo.git("switch", "--quiet", "--create", "feature")
    repo.commit("author")
    repo.git("branch", "other")
    repo.git("switch", "--quiet", "main")
    assert not (repo.root / path).exists()
    assert _waits(gitmig) == "its up (on feature and 1 more)"
    assert gitmig("kept").err == ""
    (item,) = json.loads(gitmig("kept", "--json").out)
    assert item["found_in"] == {"applied": False, "work_tree": False, "branches": ["feature", "other"]}
    repo.git("update-ref", "refs/remotes/origin/author", "feature")
    repo.git("branch", "--quiet", "-D", "feature", "other")
    assert _waits(gitmig) == "its up (on origin/author)"
    database.rows("UPDATE gitmig_kept.item SET due = true, reason = 'taken'")
    assert _waits(gitmig) == "a row with this key is there already"


@pytest.mark.usefixtures("kept")
def test_a_migration_is_known_by_its_up_whatever_it_is_called(
    gitmig: Gitmig, repo: Sandbox, database: Database
) -> None:
    repo.migration("0017_renamed", "ALTER TABLE comments\n  ADD author text; -- who", "-- another down")
    checksum = languages.by_name("sql").checksum("ALTER TABLE comments ADD author text;")
    database.rows(f"UPDATE gitmig_kept.item SET checksum = '{checksum}'")
    assert _waits(gitmig) == "its up (in the work tree)"


@pytest.mark.usefixtures("another")
def test_restore_without_a_number_puts_back_what_has_a_place(gitmig: Gitmig, database: Database) -> None:
    refused = gitmig("kept", "restore")
    assert (refused.status, refused.out) == (
        1,
        "put 1 row back into comments\n"
        "2 rows of comments (author) stay kept: there is no place for them now (`gitmig kept restore 1`)\n",
    )
    database.rows("ALTER TABLE comments ADD COLUMN author text")
    assert gitmig("kept", "restore").out == "put 2 rows back into comments\n"
    assert database.rows("TABLE comments ORDER BY id") == [(1, "Ada"), (2, None)]
    assert gitmig("kept", "restore").out == "nothing is kept\n"


@pytest.mark.usefixtures("kept")
def test_restore_without_a_number_leaves_to_a_migration_what_it_brings_back(
    gitmig: Gitmig, repo: Sandbox, database: Database
) -> None:
    repo.migration("0002_author", "ALTER TABLE comments ADD author text;")
    checksum = languages.by_name("sql").checksum("ALTER TABLE comments ADD author text;")
    database.rows(f"UPDATE gitmig_kept.item SET checksum = '{checksum}'")
    result = gitmig("kept", "restore")
    assert (result.status, result.out) == (0, "1 item waits for more: `gitmig kept` says for what\n")


@pytest.mark.usefixtures("kept")
def test_drop_all_forgets_also_what_only_helps(gitmig: Gitmig, database: Database) -> None:
    database.rows("UPDATE gitmig_kept.item SET rows = 0")
    assert gitmig("kept").out == "nothing is kept\n"
    assert gitmig("kept", "drop", "--all", "--yes").out == ""
    assert database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'gitmig_kept'") == [("item",)]


@pytest.mark.usefixtures("kept")
def test_large_counts_are_easy_to_read(gitmig: Gitmig, database: Database) -> None:
    database.rows("UPDATE gitmig_kept.item SET rows = 1234567")
    assert gitmig("kept").out.split("\t")[3] == "1,234,567"
    assert gitmig("kept", "show", "1").err == "2 of 1,234,567 rows; -n shows more\n"
    assert json.loads(gitmig("kept", "--json").out)[0]["rows"] == 1234567
    assert gitmig("kept", "drop", "1", "--yes").out == "dropped 1: 1,234,567 rows of comments (author)\n"


def _waits(gitmig: Gitmig) -> str:
    return gitmig("kept").out.rstrip("\n").split("\t")[6]
