"""The classic: comments.contents is renamed to body on a branch, and git alone moves the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

CREATE = "CREATE TABLE comments (id int PRIMARY KEY, contents text);"
RENAME = "ALTER TABLE comments RENAME COLUMN contents TO body;"
BACK = "ALTER TABLE comments RENAME COLUMN body TO contents;"


def two_branches(sandbox: Sandbox) -> None:
    """main: create comments; rename-body: one migration more. The database is at rename-body."""
    sandbox.migration("0001_create_comments", CREATE, "DROP TABLE comments;")
    sandbox.gitmig("sync")
    sandbox.commit("Create comments")
    sandbox.git("switch", "--quiet", "--create", "rename-body")
    sandbox.migration("0002_rename", RENAME, BACK)
    sandbox.gitmig("sync")
    sandbox.commit("Rename")


def test_a_switch_brings_the_database_along(sandbox: Sandbox, database: Database) -> None:
    two_branches(sandbox)
    database.rows("INSERT INTO comments VALUES (1, 'first')")
    there = sandbox.git("switch", "main")
    assert "- 0002_rename" in there.err
    assert database.columns("comments") == ["id", "contents"]
    assert database.applied() == ["0001_create_comments"]
    back = sandbox.git("switch", "rename-body")
    assert "+ 0002_rename" in back.err
    assert database.columns("comments") == ["id", "body"]
    assert database.rows("TABLE comments") == [(1, "first")]


def test_a_migration_can_be_tried_before_it_is_committed(sandbox: Sandbox, database: Database) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    sandbox.migration("0001_a", "CREATE TABLE a (id int, more text);", "DROP TABLE a;")
    assert sandbox.gitmig("sync").out.startswith("  - 0001_a")
    assert database.columns("a") == ["id", "more"]


def test_a_deleted_branch_leaves_the_way_back_in_the_ledger(sandbox: Sandbox, database: Database) -> None:
    """The down of a migration whose commit is gone for good comes from the database."""
    two_branches(sandbox)
    sandbox.git("switch", "--quiet", "--detach", "main", check=True)
    sandbox.environment["GITMIG_SKIP"] = "1"
    sandbox.git("switch", "--quiet", "rename-body")
    sandbox.git("switch", "--quiet", "main")
    sandbox.git("branch", "-D", "rename-body")
    sandbox.git("reflog", "expire", "--expire=now", "--all")
    sandbox.git("gc", "--quiet", "--prune=now")
    sandbox.gitmig("sync")
    assert database.columns("comments") == ["id", "contents"]


def test_everything_is_in_sync_after_each_step_of_a_bisect(sandbox: Sandbox, database: Database) -> None:
    for number in range(1, 6):
        sandbox.table(f"{number:04}_t{number}", f"t{number}")
        sandbox.gitmig("sync")
        sandbox.commit(f"Add t{number}")
    sandbox.git("bisect", "start", "HEAD", "HEAD~4")
    tried = database.tables()
    assert len(tried) < 5
    assert sandbox.gitmig("status", "--exit-code").status == 0
    sandbox.git("bisect", "reset")
    assert len(database.tables()) == 5
