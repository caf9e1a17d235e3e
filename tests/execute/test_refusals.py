"""Databases that refuse: read-only ones, roles without rights, connections that break in the middle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import GitmigError
from gitmig.postgres.address import Address
from tests.execute.conftest import run_sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Sandbox

SLEEPING = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg_sleep(60%' AND wait_event = 'PgSleep'
"""


def read_only(database: Database) -> None:
    database.rows(f'ALTER DATABASE "{database.name}" SET default_transaction_read_only = on')


def writable(database: Database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{database.name}" RESET default_transaction_read_only'.encode())


def test_a_read_only_database_without_a_ledger_is_refused_in_a_sentence(repo: Sandbox, database: Database) -> None:
    repo.table("0001_a", "a")
    read_only(database)
    with pytest.raises(GitmigError) as caught:
        run_sync(repo)
    reason = "cannot execute CREATE SCHEMA in a read-only transaction"
    assert caught.value.message == f"{Address.of(database.url)} is read-only: {reason}"
    assert caught.value.hint == "sync the primary server, with a role that may write"
    writable(database)
    assert database.rows("SELECT to_regnamespace('gitmig')") == [(None,)]
    assert run_sync(repo) == ["+ 0001_a"]


def synced_then_read_only(repo: Sandbox, database: Database, where: str) -> None:
    """In sync at 0001_a, 0002_b waits, and the database has become read-only."""
    if where == "outside":
        repo.git("config", "gitmig.runOutside", "always")
    repo.table("0001_a", "a")
    run_sync(repo)
    option = " transaction:false" if where == "outside" else ""
    repo.write(
        "migrations/0002_b.sql", f"-- migrate:up{option}\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n"
    )
    read_only(database)


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_database_that_became_read_only_loses_nothing(repo: Sandbox, database: Database, where: str) -> None:
    synced_then_read_only(repo, database, where)
    with pytest.raises(GitmigError, match="in a read-only transaction"):
        run_sync(repo)
    assert run_sync(repo, dry_run=True) == []
    writable(database)
    assert (database.tables(), database.applied()) == (["a"], ["0001_a"])
    assert run_sync(repo) == ["+ 0002_b"]


def test_a_database_that_became_read_only_is_named_as_that(repo: Sandbox, database: Database) -> None:
    """The script is not to blame: there is nothing in it to correct."""
    synced_then_read_only(repo, database, "inside")
    with pytest.raises(GitmigError) as caught:
        run_sync(repo)
    assert "correct the script" not in str(caught.value.hint)


@pytest.fixture
def limited(database: Database) -> Iterator[str]:
    """The URL of a role without any right but to connect."""
    role = f"limited_{database.name}"
    database.rows(f"CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    yield database.url.replace("postgres@", f"{role}@", 1)
    database.rows(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_role_that_may_not_make_the_ledger_is_told_what_it_needs(
    repo: Sandbox, database: Database, limited: str
) -> None:
    repo.table("0001_a", "a")
    with pytest.raises(GitmigError) as caught:
        run_sync(repo, url=limited)
    shown = Address.of(limited)
    assert caught.value.message == f"not allowed on {shown}: permission denied for database {database.name}"
    assert caught.value.hint == (
        "the ledger needs GRANT CREATE ON DATABASE … TO …, a scratch database ALTER ROLE … CREATEDB"
    )


def test_a_role_that_may_not_read_the_ledger_is_told_what_it_lacks(repo: Sandbox, limited: str) -> None:
    repo.table("0001_a", "a")
    run_sync(repo)
    for dry_run in (True, False):
        with pytest.raises(GitmigError) as caught:
            run_sync(repo, url=limited, dry_run=dry_run)
        assert caught.value.message == f"not allowed on {Address.of(limited)}: permission denied for schema gitmig"


def test_a_role_that_may_not_what_a_migration_wants_is_told_the_line(
    repo: Sandbox, database: Database, limited: str
) -> None:
    database.rows(f'GRANT CREATE ON DATABASE "{database.name}" TO limited_{database.name}')
    repo.migration("0001_a", "SELECT 1;\nCREATE ROLE anybody;")
    with pytest.raises(
        GitmigError, match=r"^applying 0001_a failed at migrations/0001_a\.sql:3: permission denied to create role$"
    ):
        run_sync(repo, url=limited)
    assert database.rows("SELECT to_regnamespace('gitmig')") == [(None,)]


class Killer(threading.Thread):
    """Terminates the backend that sleeps for a minute as soon as there is one."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def run(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for (pid,) in self._database.rows(SLEEPING):
                self._database.rows(f"SELECT pg_terminate_backend({pid})")
                return
            time.sleep(0.02)


@pytest.mark.parametrize("where", ["inside", "outside"])
@pytest.mark.parametrize("killed", ["up", "down"])
def test_a_connection_lost_in_the_middle_is_told_and_the_next_sync_goes_on(
    repo: Sandbox, database: Database, where: str, killed: str
) -> None:
    option = ""
    repo.git("config", "gitmig.verify", "never")  # the script needs a table that no migration made
    if where == "outside":
        repo.git("config", "gitmig.runOutside", "always")
        option = " transaction:false"
    database.rows("CREATE TABLE pause (seconds int)")
    begun = "TABLE gitmig.unfinished" if where == "outside" else "TABLE pause"  # outside, a trial comes first
    pause = f"SELECT CASE WHEN EXISTS (TABLE pause) AND EXISTS ({begun}) THEN pg_sleep(60) END;"
    repo.table("0001_a", "a")
    path = repo.root / "migrations/0002_b.sql"
    text = f"-- migrate:up{option}\nCREATE TABLE b (id int);\n{pause}\nCREATE TABLE c (id int);\n"
    text += f"-- migrate:down{option}\nDROP TABLE c;\n{pause}\nDROP TABLE b;\n"
    if killed == "down":
        path.write_text(text)
        run_sync(repo)
        path.unlink()
    else:
        run_sync(repo)
        path.write_text(text)
    before = database.tables(), database.applied()
    database.rows("INSERT INTO pause VALUES (60)")
    killer = Killer(database)
    killer.start()
    with pytest.raises(GitmigError) as caught:
        run_sync(repo)
    killer.join()
    database.rows("DELETE FROM pause")
    assert "terminating connection due to administrator command" in caught.value.message
    if where == "inside":
        assert (database.tables(), database.applied()) == before
        assert database.rows("SELECT count(*) FROM gitmig.unfinished") == [(0,)]
    else:
        assert database.applied() == before[1]
        assert database.rows("SELECT direction, done, started FROM gitmig.unfinished") == [
            ("apply" if killed == "up" else "revert", 1, False)
        ]
    run_sync(repo)
    assert database.tables() == (["a", "b", "c", "pause"] if killed == "up" else ["a", "pause"])
    assert database.applied() == (["0001_a", "0002_b"] if killed == "up" else ["0001_a"])
    assert run_sync(repo) == []


def test_a_connection_lost_in_the_middle_is_not_the_scripts_fault(repo: Sandbox, database: Database) -> None:
    repo.migration("0001_a", "SELECT pg_sleep(60);")
    killer = Killer(database)
    killer.start()
    with pytest.raises(GitmigError) as caught:
        run_sync(repo)
    killer.join()
    assert "correct the script" not in str(caught.value.hint)
