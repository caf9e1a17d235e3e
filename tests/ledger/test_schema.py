"""The ledger's own tables: explained, upgraded once, and never touched by an older gitmig."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gitmig.cli.main import run
from gitmig.errors import GitmigError
from gitmig.ledger import schema
from gitmig.operations.status import status
from gitmig.postgres.address import connect
from gitmig.project.project import Project
from gitmig.rows.items import Reason
from tests.execute.conftest import run_sync

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

UNCOMMENTED = """
    SELECT n.nspname || '.' || c.relname || coalesce('.' || a.attname, '')
    FROM pg_namespace n
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
    LEFT JOIN LATERAL (
        SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        UNION ALL SELECT 0, NULL
    ) a ON true
    WHERE n.nspname = 'gitmig' AND a.attnum = 0 AND obj_description(c.oid, 'pg_class') IS NULL
       OR n.nspname = 'gitmig' AND a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL
"""
CATALOG = (
    "SELECT c.oid, c.relname, c.relfilenode FROM pg_class c WHERE relnamespace = 'gitmig'::regnamespace ORDER BY 1"
)
POLITE = "a newer gitmig wrote the ledger of this database (its version is 99, known here is {})"


def upgrade(database: Database) -> None:
    with connect(database.url, "test") as connection:
        schema.upgrade(connection)


def test_every_table_and_column_is_explained(database: Database) -> None:
    upgrade(database)
    assert database.rows(UNCOMMENTED) == []
    assert database.rows("SELECT obj_description('gitmig'::regnamespace, 'pg_namespace') IS NOT NULL") == [(True,)]


def test_upgrading_again_changes_nothing(database: Database) -> None:
    upgrade(database)
    before = database.rows(CATALOG), database.rows("TABLE gitmig.state")
    upgrade(database)
    assert (database.rows(CATALOG), database.rows("TABLE gitmig.state")) == before
    assert database.rows("SELECT ledger_version FROM gitmig.state") == [(schema.CURRENT,)]


def test_a_database_without_a_ledger_is_at_version_0_and_stays_so_when_looked_at(
    repo: Sandbox, database: Database
) -> None:
    repo.table("0001_a", "a")
    with connect(database.url, "test") as connection:
        assert schema.version(connection) == 0
    assert not status(Project.load(repo.root, database.url)).in_sync
    assert database.rows("SELECT to_regnamespace('gitmig')") == [(None,)]


def test_a_failure_in_the_same_transaction_takes_the_ledger_back(repo: Sandbox, database: Database) -> None:
    repo.migration("0001_a", "SELECT nonsense;")
    with pytest.raises(GitmigError):
        run_sync(repo)
    assert database.rows("SELECT to_regnamespace('gitmig')") == [(None,)]


def test_state_and_unfinished_have_one_row_at_most(database: Database) -> None:
    upgrade(database)
    with pytest.raises(Exception, match="duplicate key"):
        database.rows("INSERT INTO gitmig.state (ledger_version) VALUES (1)")
    with pytest.raises(Exception, match="violates check constraint"):
        database.rows("INSERT INTO gitmig.state (only_row, ledger_version) VALUES (false, 1)")


@pytest.mark.parametrize("gone", ["nothing", "gitmig", "gitmig_kept"])
def test_kept_rows_may_have_every_reason_whichever_schema_was_dropped_meanwhile(database: Database, gone: str) -> None:
    upgrade(database)
    database.rows("SELECT 1" if gone == "nothing" else f"DROP SCHEMA {gone} CASCADE")
    upgrade(database)
    ((allowed,),) = database.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'item_reason_check'"
    )
    assert set(re.findall(r"'([a-z ]+)'", str(allowed))) == {reason.value for reason in Reason}


@pytest.mark.parametrize("command", ["sync", "sync --dry-run", "status", "log", "init"])
def test_a_newer_ledger_is_refused_politely(
    repo: Sandbox, database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    repo.table("0001_a", "a")
    repo.commit("a")
    run_sync(repo)
    database.rows("UPDATE gitmig.state SET ledger_version = 99")
    repo.table("0002_b", "b")
    monkeypatch.chdir(repo.root)
    monkeypatch.setenv("DATABASE_URL", database.url)
    code = run(command.split())
    said = capfd.readouterr().err
    assert POLITE.format(schema.CURRENT) in said
    assert "upgrade gitmig on this machine, and try again" in said
    assert code == (0 if command == "init" else 3), "init has done everything else"
    assert database.tables() == ["a"]
    assert database.rows("SELECT ledger_version FROM gitmig.state") == [(99,)]


def test_a_newer_ledger_with_other_tables_is_refused_as_politely(repo: Sandbox, database: Database) -> None:
    """All that a later version is bound to is gitmig.state.ledger_version."""
    database.rows(
        "CREATE SCHEMA gitmig; CREATE TABLE gitmig.state (ledger_version int); INSERT INTO gitmig.state VALUES (99)"
    )
    repo.table("0001_a", "a")
    with pytest.raises(GitmigError) as caught:
        run_sync(repo)
    assert caught.value.message == POLITE.format(schema.CURRENT)


@pytest.mark.parametrize("path", ["public", "other", "pg_catalog"])
def test_a_search_path_of_the_database_does_not_matter(repo: Sandbox, database: Database, path: str) -> None:
    repo.git("config", "gitmig.ignore", "other")
    database.rows(f'CREATE SCHEMA IF NOT EXISTS other; ALTER DATABASE "{database.name}" SET search_path = {path}')
    repo.migration("0001_a", "CREATE TABLE public.a (id int);", "DROP TABLE public.a;")
    assert run_sync(repo) == ["+ 0001_a"]
    assert run_sync(repo) == []
    assert database.rows("SELECT count(*) FROM gitmig.history") == [(2,)]


def test_a_database_of_every_release_goes_on(repo: Sandbox, database: Database) -> None:
    """As each version of the ledger had it; it is read as it is, and upgraded by the first sync, either way."""
    repo.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY, n int);", "DROP TABLE a;")
    path = repo.migration("0002_b", "ALTER TABLE a DROP n;", "ALTER TABLE a ADD n int;")
    repo.commit("both")
    run_sync(repo)
    database.rows("INSERT INTO a VALUES (1)")
    rows = str(database.rows("SELECT jsonb_agg(to_jsonb(r))::text FROM gitmig.applied r")[0][0]).replace("'", "''")
    text = (repo.root / path).read_text()
    for version in range(1, schema.CURRENT + 1):
        database.rows("SET client_min_messages = error; DROP SCHEMA IF EXISTS gitmig, gitmig_kept CASCADE")
        database.rows(";".join(schema.UPGRADES[:version]))
        database.rows(f"UPDATE gitmig.state SET ledger_version = {version}")
        database.rows(
            f"INSERT INTO gitmig.applied SELECT * FROM jsonb_populate_recordset(NULL::gitmig.applied, '{rows}')"
        )
        now = status(Project.load(repo.root, database.url))
        assert (now.in_sync, [one.label for one in now.state.stack]) == (True, ["0001_a", "0002_b"]), version
        assert database.rows("SELECT ledger_version FROM gitmig.state") == [(version,)]
        (repo.root / path).unlink()
        assert run_sync(repo) == ["- 0002_b"], version
        assert database.rows("SELECT ledger_version FROM gitmig.state") == [(schema.CURRENT,)]
        database.rows("UPDATE a SET n = 7")
        (repo.root / path).write_text(text)
        assert run_sync(repo) == ["+ 0002_b"], version
        assert database.rows("SELECT rows FROM gitmig_kept.item WHERE rows > 0") == [(1,)], version
        assert status(Project.load(repo.root, database.url)).in_sync
