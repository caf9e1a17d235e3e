"""`gitmig kept undo`, as people call it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("repo")
UP = "ALTER TABLE a ADD x text;"
DOWN = "ALTER TABLE a DROP x;"


@pytest.fixture
def away(repo: Sandbox, gitmig: Gitmig, database: Database) -> Sandbox:
    """Branch b has a column x in table a, with three rows; the database was just taken back to main."""
    repo.git("switch", "--quiet", "--create", "b")
    repo.migration("0002_x", UP, DOWN)
    repo.commit("x")
    assert gitmig("sync", "--yes").status == 0
    database.rows("INSERT INTO a VALUES (1, 'one'), (2, 'two'), (3, 'three')")
    repo.git("switch", "--quiet", "main")
    assert gitmig("sync", "--yes").status == 0
    return repo


def rows(database: Database) -> list[tuple[object, ...]]:
    return database.rows("TABLE a ORDER BY id")


def undo(gitmig: Gitmig) -> Result:
    """With times and the database's address taken out."""
    result = gitmig("kept", "undo", "--yes")
    out, err = (
        re.sub(
            r"\(\d+ m?s\)|\(\d{4}-\d\d-\d\d \d\d:\d\d\)|test_\d+_\d+(?: on \S+)?|(?<=commit )[0-9a-f]{10}", "*", text
        )
        for text in (result.out, result.err)
    )
    return type(result)(result.status, out, err)


def test_the_database_is_as_it_was(away: Sandbox, gitmig: Gitmig, database: Database) -> None:
    assert database.columns("a") == ["id"]
    result = undo(gitmig)
    assert result.out == (
        "  + 0002_x  *\n      put back 3 rows of a\n* is as it was before the last sync at commit * (2 migrations)\n"
    )
    assert result.err == (
        "no row was written since the last sync *\n`gitmig sync` leads to the migrations of the work tree again\n"
    )
    assert rows(database) == [(1, "one"), (2, "two"), (3, "three")]
    assert database.applied() == ["0001_a", "0002_x"]
    assert gitmig("kept").out == "nothing is kept\n"
    assert not away.marker.exists(), "the next hook has to look for itself"
    assert gitmig("status", "--exit-code").status == 1


def test_an_undo_is_undone_as_well(away: Sandbox, gitmig: Gitmig, database: Database) -> None:
    undo(gitmig)
    assert undo(gitmig).status == 0
    assert database.applied() == ["0001_a"]
    assert undo(gitmig).status == 0
    assert rows(database) == [(1, "one"), (2, "two"), (3, "three")]


@pytest.mark.usefixtures("away")
def test_what_was_written_since_is_shown_and_stays(gitmig: Gitmig, database: Database) -> None:
    database.rows("CREATE TABLE seen (n int); DROP TABLE seen; INSERT INTO a SELECT generate_series(4, 8)")
    assert undo(gitmig).err.startswith("written since the last sync *:\n  5 rows of a: (4), (5), (6), …\n")
    assert [row[0] for row in rows(database)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert gitmig("kept", "undo", "--yes").err.startswith("no row was written since the last sync (")


@pytest.mark.usefixtures("away")
def test_a_row_that_was_deleted_since_comes_back(gitmig: Gitmig, database: Database) -> None:
    database.rows("DELETE FROM a WHERE id = 2")
    result = undo(gitmig)
    assert rows(database) == [(1, "one"), (2, "two"), (3, "three")]
    assert "stays kept" not in result.out
    assert gitmig("kept").out == "nothing is kept\n"


def test_where_both_sides_have_a_say_the_earlier_one_counts_and_the_later_one_is_kept(
    repo: Sandbox, gitmig: Gitmig, database: Database
) -> None:
    repo.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY, v int);", "DROP TABLE a;")
    repo.commit("v")
    repo.git("switch", "--quiet", "--create", "b")
    repo.migration("0002_x", UP, f"{DOWN} UPDATE a SET v = 0;")
    repo.commit("x")
    gitmig("sync", "--yes")
    database.rows("INSERT INTO a VALUES (1, 7, 'one'), (2, 8, 'two')")
    repo.git("switch", "--quiet", "main")
    gitmig("sync", "--yes")
    database.rows("UPDATE a SET v = 50 WHERE id = 1")
    assert undo(gitmig).status == 0
    assert rows(database) == [(1, 7, "one"), (2, 8, "two")]
    (line,) = (line for line in gitmig("kept").out.splitlines() if "undo" in line)
    number, taken_by, what, *_, waits = line.split("\t")
    assert (taken_by, what, waits) == ("- undo", "a", f"`gitmig kept restore {number}`")
    assert gitmig("kept", "show", number).out == "1\t50\tone\n"
    assert gitmig("kept", "restore").status == 0
    assert rows(database) == [(1, 7, "one"), (2, 8, "two")], "it is for a person to say so"
    gitmig("kept", "restore", number)
    assert rows(database) == [(1, 50, "one"), (2, 8, "two")]


def test_the_first_sync_is_undone(gitmig: Gitmig, database: Database) -> None:
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1)")
    assert undo(gitmig).out == (
        "  - 0001_a  *\n      kept 1 row of a\n* is as it was before the last sync (0 migrations)\n"
    )
    assert database.tables() == []


def test_there_has_to_be_something_to_undo(gitmig: Gitmig) -> None:
    result = undo(gitmig)
    assert (result.status, result.err) == (
        2,
        "error: there is no sync to undo in *\nhint: `gitmig log` and `gitmig status` show where the database is\n",
    )


def test_a_rebuild_is_not_undone(gitmig: Gitmig) -> None:
    gitmig("sync")
    gitmig("sync", "--rebuild", "--yes")
    result = gitmig("kept", "undo", "--yes")
    assert result.status == 2
    assert "anew, and a rebuild is not undone\nhint: carried 0 rows, set 0 aside; the old database is " in result.err


@pytest.mark.usefixtures("away")
def test_what_was_captured_since_is_not_lost_by_an_undo(gitmig: Gitmig, database: Database) -> None:
    database.rows("CREATE TABLE more (id int)")
    assert gitmig("capture", "more").status == 0
    assert undo(gitmig).err.startswith("error: there is no sync to undo in *\n")
    assert database.tables() == ["a", "more"]


@pytest.mark.usefixtures("away")
def test_what_was_changed_by_hand_is_refused_first(gitmig: Gitmig, database: Database) -> None:
    database.rows("CREATE TABLE more (id int)")
    assert undo(gitmig).status == 3
    assert database.applied() == ["0001_a"]


@pytest.mark.usefixtures("away")
def test_a_protected_database_is_not_taken_back(gitmig: Gitmig, database: Database) -> None:
    undo(gitmig)
    assert gitmig("db", "protect").status == 0
    result = gitmig("kept", "undo", "--yes")
    assert result.status == 3
    assert "is protected, and this sync would revert 1 of its migrations" in result.err
    assert database.applied() == ["0001_a", "0002_x"]


def test_a_sync_without_a_script_is_undone_without_one(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    repo.table("0002_b", "b")
    gitmig("sync")
    database.rows("INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)")
    for label in ("0001_a", "0002_b"):
        (repo.root / f"migrations/{label}.sql").unlink()
    repo.migration(
        "0003_both",
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);",
        "DROP TABLE a, b;",
    )
    gitmig("sync", "--yes")
    assert database.applied() == ["0003_both"]
    result = undo(gitmig)
    assert "same schema, no script run" in result.out
    assert database.applied() == ["0001_a", "0002_b"]
    assert (database.rows("TABLE a"), database.rows("TABLE b")) == ([(1,)], [(2,)])


def test_a_renamed_migration_has_its_name_back(repo: Sandbox, gitmig: Gitmig, database: Database) -> None:
    gitmig("sync")
    (repo.root / "migrations/0001_a.sql").rename(repo.root / "migrations/0007_a.sql")
    gitmig("sync")
    assert database.applied() == ["0007_a"]
    assert undo(gitmig).status == 0
    assert database.applied() == ["0001_a"]


def test_a_sync_outside_a_transaction_that_failed_half_way_is_undone(
    repo: Sandbox, gitmig: Gitmig, database: Database
) -> None:
    repo.write("gitmig.toml", 'run_outside = "always"\n')
    repo.write(
        "migrations/0002_x.sql",
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (id);\n-- migrate:down\nDROP INDEX i;\n",
    )
    repo.migration("0003_bad", "SELECT nonsense;")
    assert gitmig("sync").status == 3
    assert database.applied() == ["0001_a", "0002_x"]
    assert undo(gitmig).status == 0
    assert database.applied() == []


def test_rows_of_partitions_are_shown_under_their_table_and_long_ones_are_cut(
    repo: Sandbox, gitmig: Gitmig, database: Database
) -> None:
    repo.migration(
        "0002_p",
        "CREATE TABLE p (id int, t text) PARTITION BY LIST (id); CREATE TABLE q (id int);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);",
        "DROP TABLE p, q;",
    )
    gitmig("sync")
    database.rows("INSERT INTO p VALUES (1, repeat('x', 1000))")
    database.rows("INSERT INTO q SELECT generate_series(1, 1234)")
    assert undo(gitmig).err.splitlines()[1:3] == [
        f"  1 row of p: (1,{'x' * 57}…",
        "  1,234 rows of q: (1), (2), (3), …",
    ]
