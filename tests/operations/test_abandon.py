"""Abandoning a script that was interrupted outside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, SyncFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

SCRIPT = (
    "-- migrate:up transaction:false\nCREATE TABLE half (id int);\nSELECT 1 / 0;\n-- migrate:down\nDROP TABLE half;\n"
)
UNFINISHED = "SELECT count(*) FROM gitmig.unfinished"


@pytest.fixture(params=[True, False], ids=["on top of others", "the very first one"])
def interrupted(request: pytest.FixtureRequest, sandbox: Sandbox, database: Database, run_sync: Sync) -> Path:
    """The file of a migration whose first statement is done; somebody has put a row into what it made."""
    sandbox.write("gitmig.toml", 'run_outside = "always"\n')
    if request.param:
        sandbox.table("0001_a", "a")
    sandbox.write("migrations/0002_half.sql", SCRIPT)
    with pytest.raises(SyncFailed, match="division by zero"):
        run_sync()
    database.rows("INSERT INTO half VALUES (7)")
    return sandbox.root / "migrations/0002_half.sql"


def test_what_the_script_did_is_taken_back_and_its_rows_are_kept(
    interrupted: Path, database: Database, run_sync: Sync
) -> None:
    interrupted.unlink()
    assert run_sync(abandon=True) == []
    assert "half" not in database.tables()
    assert database.rows(UNFINISHED) == [(0,)]
    assert database.rows("SELECT table_name, rows FROM gitmig_kept.item") == [("half", 1)]


def test_a_protected_database_keeps_it_and_remembers_the_interruption(
    interrupted: Path, sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.gitmig("db", "protect")
    with pytest.raises(GitmigError, match="is protected"):
        run_sync(abandon=True)
    assert database.rows("TABLE half") == [(7,)]
    assert database.rows(UNFINISHED) == [(1,)]


def test_without_verification_it_is_forgotten_and_stays(
    interrupted: Path, sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    interrupted.unlink()
    sandbox.write("gitmig.toml", 'verify = "never"\n')
    assert run_sync(abandon=True) == []
    assert database.rows("TABLE half") == [(7,)]
    assert database.rows(UNFINISHED) == [(0,)]


def test_where_nothing_was_interrupted_nothing_is_touched(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows("CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)")
    sandbox.table("0001_a", "a")
    with pytest.raises(UsageError, match="there is nothing to abandon"):
        run_sync(abandon=True)
    assert database.rows("TABLE mine") == [(1,)]
