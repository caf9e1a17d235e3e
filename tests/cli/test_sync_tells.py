"""What a sync tells of kept rows: each thing once, and what stays at its end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gitmig.cli.reporter import Reporter, about
from gitmig.events import RowsRestored, SavingTable
from gitmig.rows.items import Kept, Reason, Report, Restored, Staying
from gitmig.rows.tables import TableName

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("repo")
OLD = "UPDATE gitmig_kept.item SET kept_at = '2026-01-03 12:00'"


@pytest.fixture
def away(repo: Sandbox, gitmig: Gitmig, database: Database) -> Sandbox:
    """Branch b has a column x in table a, and its down loses values of v as well; the database is at main."""
    repo.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY, v int);", "DROP TABLE a;")
    repo.commit("v")
    repo.git("switch", "--quiet", "--create", "b")
    repo.migration("0002_x", "ALTER TABLE a ADD x text;", "ALTER TABLE a DROP x; UPDATE a SET v = 0;")
    repo.commit("x")
    gitmig("sync", "--yes")
    database.rows("INSERT INTO a VALUES (1, 7, 'one'), (2, 8, 'two')")
    repo.git("switch", "--quiet", "main")
    assert gitmig("sync", "--yes").status == 0
    return repo


def lines(result: Result) -> list[str]:
    """What is said of steps and rows, without times."""
    return [re.sub(r"  \(\d+ m?s\)", "", line) for line in result.out.splitlines() if line.startswith("  ")]


def test_what_stays_is_told_once_at_the_end_with_what_to_do(away: Sandbox, gitmig: Gitmig, database: Database) -> None:
    database.rows("UPDATE a SET v = 50 WHERE id = 1")
    away.git("switch", "--quiet", "b")
    told = lines(gitmig("sync", "--yes"))
    assert told[0] == "  + 0002_x"
    assert [line for line in told if "stay" in line] == told[-1:]
    assert told[-1] == (
        "  1 row of a (x) stays kept: somebody changed the value on the other side as well, and that one is there "
        "(`gitmig kept restore 1`)"
    )
    away.table("0003_c", "c")
    assert lines(gitmig("sync", "--yes")) == ["  + 0003_c"]


@pytest.mark.usefixtures("away")
def test_an_edited_migration_leaves_what_has_no_place_any_more(
    repo: Sandbox, gitmig: Gitmig, database: Database
) -> None:
    repo.git("switch", "--quiet", "b")
    gitmig("sync", "--yes")
    repo.migration("0002_x", "ALTER TABLE a ADD y text;", "ALTER TABLE a DROP y;")
    last = lines(gitmig("sync", "--yes"))[-1]
    assert re.fullmatch(
        r"  2 rows of a \(x\) stay kept: there is no such table or column now \(`gitmig kept restore \d+`\)", last
    )
    assert database.rows("TABLE a ORDER BY id") == [(1, 7, None), (2, 8, None)]


def test_a_step_tells_what_it_did_and_not_what_may_still_be_done(capfd: pytest.CaptureFixture[str]) -> None:
    table = TableName("public", "a")
    rows = Report(
        kept=(Kept(item=1, table=table, columns=("x",), rows=1234, bytes=1),),
        restored=(Restored(table=table, rows=1000000),),
        staying=(Staying(item=2, table=table, rows=3, reason=Reason.TAKEN),),
    )
    Reporter()(RowsRestored(rows))
    assert capfd.readouterr().out == "      kept 1,234 rows of a (x)\n      put back 1,000,000 rows of a\n"


def test_rows_of_a_migration_that_is_nowhere_any_more_do_not_expire(
    away: Sandbox, gitmig: Gitmig, database: Database
) -> None:
    database.rows(OLD)
    away.git("branch", "--quiet", "-D", "b")
    assert gitmig("sync").err == (
        "warning: 2 rows of a (x) stay kept since 2026-01-03, and no branch has 0002_x any more, which would bring "
        "them back: `gitmig kept restore 1`, or `gitmig kept drop 1`\n"
    )
    assert gitmig("sync").err == ""
    assert gitmig("kept").out.split("\t")[2] == "a (x)"
    assert gitmig("kept", "drop", "1", "--yes").status == 0


def test_rows_of_a_migration_that_a_branch_has_expire_and_it_is_told(
    away: Sandbox, gitmig: Gitmig, database: Database
) -> None:
    away.git("update-ref", "refs/remotes/origin/b", "b")
    away.git("branch", "--quiet", "-D", "b")
    database.rows(OLD)
    assert gitmig("sync").err == "dropped 1 item of kept rows older than `kept_age`, the first from a (x)\n"
    assert gitmig("kept").out == "nothing is kept\n"


def test_a_pipe_gets_one_line_for_a_large_copy(capfd: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter()
    reporter(SavingTable(TableName("public", "small"), 49 << 20))
    reporter(SavingTable(TableName("public", "large"), 80 << 20))
    assert capfd.readouterr().err == "copying 80 MB of large, whose rows a step may take away …\n"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "about 1 s"), (19.6, "about 20 s"), (59.4, "about 59 s"), (200, "about 3 min")]
)
def test_an_estimate_is_as_exact_as_it_can_be(seconds: float, words: str) -> None:
    assert about(seconds) == words
