"""The first sync of a database that is not empty, and of one that has half a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.ledger import schema
from gitmig.operations.kept import kept
from gitmig.operations.status import status
from gitmig.operations.sync import sync
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

EMPTIED = "DO $$ BEGIN IF to_regclass('legacy') IS NOT NULL THEN DELETE FROM legacy; END IF; END $$;"


@pytest.fixture
def project(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """A repository whose database has no ledger."""
    return make_sandbox(url=database.url)


def run(project: Sandbox, database: Database) -> list[str]:
    outcome = sync(Project.load(project.root, database.url))
    return [f"{done.step.direction.sign} {done.step.label}" for done in outcome.done]


def items(project: Sandbox, database: Database) -> list[tuple[str, int]]:
    found = kept(Project.load(project.root, database.url))
    return [(entry.item.table.name, entry.item.rows) for entry in found]


@pytest.mark.parametrize("team", ['ignore = ["legacy*"]', 'verify = "never"'])
@pytest.mark.parametrize("has_ledger", [False, True])
def test_rows_that_were_there_first_are_kept_like_any_others(
    project: Sandbox, database: Database, team: str, has_ledger: bool
) -> None:
    project.write("gitmig.toml", f"{team}\n")
    database.rows("CREATE TABLE legacy (id int PRIMARY KEY); INSERT INTO legacy SELECT generate_series(1, 1000)")
    if has_ledger:
        project.gitmig("init")
    path = project.migration("0001_a", f"CREATE TABLE a (id int); {EMPTIED}", "DROP TABLE a;")
    run(project, database)
    assert database.rows("SELECT count(*) FROM legacy") == [(0,)]
    assert items(project, database) == [("legacy", 1000)]
    (project.root / path).unlink()
    project.write("migrations/.gitkeep", "")
    run(project, database)
    assert database.rows("SELECT count(*), min(id), max(id) FROM legacy") == [(1000, 1, 1000)]


def test_an_empty_database_keeps_nothing_of_its_migrations_making(project: Sandbox, database: Database) -> None:
    project.migration("0001_a", "CREATE TABLE a AS SELECT 1 AS x;", "DROP TABLE a;")
    project.migration("0002_b", "DELETE FROM a;", "SELECT 1;")
    run(project, database)
    assert items(project, database) == []


@pytest.fixture
def reverted(project: Sandbox, database: Database) -> str:
    """The database has table t, and the rows of table b are kept; returns the path of b's migration."""
    project.table("0001_t", "t")
    path = project.table("0002_b", "b")
    run(project, database)
    database.rows("INSERT INTO b VALUES (1), (2)")
    (project.root / path).unlink()
    run(project, database)
    return path


def test_a_ledger_that_was_dropped_is_made_anew_beside_the_kept_rows(
    project: Sandbox, database: Database, reverted: str
) -> None:
    database.rows("DROP SCHEMA gitmig CASCADE; DROP TABLE t")
    assert status(Project.load(project.root, database.url)).plan.applies
    assert run(project, database) == ["+ 0001_t"]
    assert items(project, database) == [("b", 2)]
    project.table("0002_b", "b")
    run(project, database)
    assert database.rows("SELECT id FROM b ORDER BY id") == [(1,), (2,)]
    assert database.rows("SELECT ledger_version FROM gitmig.state") == [(schema.CURRENT,)]


@pytest.mark.parametrize("command", [["init"], ["adopt"], ["db", "protect"], ["kept", "list"], ["status"]])
def test_every_other_command_goes_on_beside_the_kept_rows(
    project: Sandbox, database: Database, reverted: str, command: list[str]
) -> None:
    database.rows("DROP SCHEMA gitmig CASCADE")
    project.gitmig(*command)
    assert items(project, database) == [("b", 2)]


def test_kept_rows_that_were_dropped_leave_a_ledger_that_works(
    project: Sandbox, database: Database, reverted: str
) -> None:
    """The other half: somebody makes room."""
    database.rows("DROP SCHEMA gitmig_kept CASCADE")
    assert items(project, database) == []
    project.table("0002_b", "b")
    assert run(project, database) == ["+ 0002_b"]
    database.rows("INSERT INTO b VALUES (3)")
    (project.root / reverted).unlink()
    run(project, database)
    assert items(project, database) == [("b", 1)]


@pytest.mark.parametrize("schema", ["gitmig", "gitmig_kept"])
def test_an_empty_schema_of_ones_own_is_used(project: Sandbox, database: Database, schema: str) -> None:
    database.rows(f"CREATE SCHEMA {schema}")
    project.table("0001_t", "t")
    assert run(project, database) == ["+ 0001_t"]


@pytest.mark.parametrize("schema", ["gitmig", "gitmig_kept"])
def test_a_schema_with_something_else_in_it_is_told_apart(project: Sandbox, database: Database, schema: str) -> None:
    database.rows(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.item_1 ()")
    project.table("0001_t", "t")
    with pytest.raises(GitmigError) as caught:
        run(project, database)
    assert caught.value.message == f"schema {schema} is there already, and not as gitmig makes it: it has item_1"
    assert database.tables() == []


def test_kept_rows_of_another_version_are_named(project: Sandbox, database: Database, reverted: str) -> None:
    database.rows("DROP SCHEMA gitmig CASCADE; DROP TABLE t; ALTER TABLE gitmig_kept.item ADD later text")
    with pytest.raises(GitmigError, match="schema gitmig_kept is of another version of gitmig"):
        run(project, database)
