"""Leaving: nothing of gitmig's stays, and all of the people's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

OURS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gitmig%'"


@pytest.fixture
def used(sandbox: Sandbox, database: Database) -> Sandbox:
    """A clone whose database has a row that was kept."""
    sandbox.write(".git/hooks/post-merge", "#!/bin/sh\n# theirs\n").chmod(0o755)
    sandbox.migration("1_a", "CREATE TABLE a (id int PRIMARY KEY);", "DROP TABLE a;")
    sandbox.gitmig("init", "--database", database.url)
    sandbox.migration("2_b", "ALTER TABLE a ADD n int;", "ALTER TABLE a DROP n;")
    sandbox.commit("both")
    sandbox.gitmig("sync")
    database.rows("INSERT INTO a VALUES (1, 2)")
    return sandbox


def test_all_of_it_is_shown_and_goes(used: Sandbox, database: Database) -> None:
    (used.root / "migrations/2_b.sql").unlink()
    used.gitmig("sync", "--yes")
    refused = used.gitmig("leave", check=False)
    assert (refused.status, database.rows(OURS)) == (2, [("gitmig",), ("gitmig_kept",)])
    assert "1 item of kept rows would be lost" in refused.err
    done = used.gitmig("leave", "--yes")
    assert "ledger     schema gitmig and schema gitmig_kept in" in done.out
    assert "settings   git config gitmig.database" in done.out
    assert database.rows(OURS) == []
    assert database.rows("TABLE a") == [(1,)]
    assert [path.name for path in (used.root / ".git/hooks").iterdir()] == ["post-merge"]
    assert (used.root / ".git/hooks/post-merge").read_text() == "#!/bin/sh\n# theirs\n"
    assert used.git("for-each-ref", "refs/notes").out == ""
    assert used.git("config", "--get-regexp", "^gitmig", check=False).out == ""
    assert "nothing of gitmig's is here" in used.gitmig("leave").out


def test_a_protected_database_stays(used: Sandbox, database: Database) -> None:
    used.gitmig("db", "protect")
    done = used.gitmig("leave", "--yes")
    assert "the database stays as it is: " in done.err
    assert "is protected" in done.err
    assert ("gitmig",) in database.rows(OURS)


def test_who_drops_the_ledger_by_hand_starts_over(used: Sandbox, database: Database) -> None:
    database.rows("DROP SCHEMA gitmig CASCADE")
    assert used.gitmig("status").out.splitlines()[-2].startswith("not adopted")
    used.gitmig("adopt")
    assert used.gitmig("status", "--exit-code").status == 0
    assert database.rows("TABLE a") == [(1, 2)]
