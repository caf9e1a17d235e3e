"""Ordinary set-ups: the page has a row for each, every row is played, and some are played here."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from tests import setups

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox
    from tests.setups import Setup

ROWS = [row for rows in setups.GROUPS.values() for row in rows]


def test_the_page_is_that_of_the_rows() -> None:
    assert setups.PAGE.read_text() == setups.page(), "run `python -m tests.setups`"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.have)
def test_each_row_is_played(row: Setup) -> None:
    assert row.tests
    for name in row.tests:
        file, _, function = name.partition("::")
        assert function in functions(file), name


@lru_cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((setups.TOP / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_an_owner_under_forced_row_security_goes_both_ways(sandbox: Sandbox, database: Database) -> None:
    role = f"{database.name}_owner"
    database.rows(f"CREATE ROLE {role} LOGIN CREATEDB; ALTER DATABASE {database.name} OWNER TO {role}")
    database.rows("DROP SCHEMA IF EXISTS gitmig, gitmig_kept CASCADE")  # the owner makes one
    try:
        sandbox.environment["DATABASE_URL"] = database.url.replace("postgres@", f"{role}@")
        sandbox.migration(
            "1_t",
            "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; "
            "CREATE POLICY p ON t USING (false);",
        )
        path = sandbox.migration("2_y", "ALTER TABLE t ADD y text;", "ALTER TABLE t DROP y;")
        sandbox.gitmig("sync")
        database.rows("INSERT INTO t VALUES (1, 'x')")
        text = (sandbox.root / path).read_text()
        (sandbox.root / path).unlink()
        assert "kept 1 row of t (y)" in sandbox.gitmig("sync", "--yes").out
        (sandbox.root / path).write_text(text)
        sandbox.gitmig("sync")
        assert database.rows("TABLE t") == [(1, "x")]
        assert database.rows("SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'") == [(True,)]
    finally:
        database.rows(f"DROP OWNED BY {role}; ALTER DATABASE {database.name} OWNER TO postgres; DROP ROLE {role}")


def test_a_gui_without_the_shells_url_is_told(sandbox: Sandbox, database: Database) -> None:
    sandbox.table("1_a", "a")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "more")
    sandbox.table("2_b", "b")
    sandbox.commit("b")
    sandbox.gitmig("sync")
    del sandbox.environment["DATABASE_URL"]
    said = sandbox.git("switch", "--quiet", "main").err
    assert said.startswith("warning: no database URL is set here, and the last sync had ")
    assert "environment variable DATABASE_URL; nothing was synced" in said
    assert database.tables() == ["a", "b"]
