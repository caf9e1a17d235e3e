"""What differs between a database and what the migrations make, or between two commits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.operations.diff import diff
from gitmig.project.project import Project
from gitmig.schema.model import ObjectKind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

# Those of this process: other tests run beside on the same server.
SCRATCH = f"SELECT datname FROM pg_database WHERE datname ~ '^gitmig_scratch_[0-9]+_{os.getpid()}'"


def test_a_change_by_hand_is_named(sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY, gone int, other int);", "DROP TABLE a;")
    run_sync()
    project = Project.load(sandbox.root, database.url)
    assert not diff(project, None, None).difference
    database.rows("ALTER TABLE a DROP gone; ALTER TABLE a ALTER other TYPE text; CREATE INDEX by_hand ON a (id);")
    found = diff(project, None, None).difference
    assert found.missing == (ObjectName(ObjectKind.COLUMN, "public.a.gone"),)
    assert found.surplus == (ObjectName(ObjectKind.INDEX, "public.a.by_hand"),)
    assert found.changed == (ObjectName(ObjectKind.COLUMN, "public.a.other"),)


def test_two_commits_are_compared_without_touching_the_database(sandbox: Sandbox, database: Database) -> None:
    sandbox.environment["GITMIG_SKIP"] = "1"  # or the commit would bring the database along
    sandbox.table("0001_a", "a")
    first = sandbox.commit("a")
    sandbox.migration("0002_b", "ALTER TABLE a ADD b int; CREATE INDEX CONCURRENTLY b ON a (b);")
    second = sandbox.commit("b")
    found = diff(Project.load(sandbox.root, database.url), first, second).difference
    assert [str(name) for name in found.surplus] == ["column public.a.b", "index public.a.b"]
    assert not found.missing
    assert database.tables() == []
    assert database.rows(SCRATCH) == []


def test_migrations_that_do_not_run_on_a_fresh_database_are_named(sandbox: Sandbox, database: Database) -> None:
    sandbox.migration("0001_a", "SELECT 1;\nSELECT nonsense;")
    with pytest.raises(GitmigError) as caught:
        diff(Project.load(sandbox.root, database.url), None, None)
    expected = 'on a fresh database migrations/0001_a.sql:3 fails: column "nonsense" does not exist'
    assert caught.value.message == expected
    assert database.rows(SCRATCH) == []


def test_the_command_exits_with_1_where_it_is_asked_to(sandbox: Sandbox, database: Database) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    assert sandbox.gitmig("diff", "--exit-code").out.endswith(" has the schema of the work tree\n")
    database.rows("CREATE TABLE by_hand (id int)")
    result = sandbox.gitmig("diff", "--exit-code", check=False)
    assert result.status == 1
    assert "  + table public.by_hand\n" in result.out
