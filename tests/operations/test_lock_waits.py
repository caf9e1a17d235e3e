"""Somebody else holds what a sync needs: it says for whom it waits, keeps out of their way, and gives up in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import LockBusy
from gitmig.events import WaitingForBlockers
from gitmig.operations.status import status
from gitmig.postgres.address import Address
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.events import Event
    from tests.conftest import Database, Sandbox


def test_it_goes_on_once_they_are_done_and_holds_up_nobody_meanwhile(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    """The same where a script, as pg_dump's do, has no lock_timeout."""
    sandbox.migration("1_a", "CREATE TABLE a (n int);")
    run_sync()
    sandbox.migration("2_b", "SET lock_timeout = 0; ALTER TABLE a ADD m int;")
    told: list[str] = []
    with psycopg.connect(database.url, application_name="ada's") as holder:
        holder.execute("SELECT FROM a")

        def hear(event: Event) -> None:
            if isinstance(event, WaitingForBlockers):
                told.append(str(event.blockers[0]))
                if database.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'a'::regclass") == []:
                    database.rows("SET statement_timeout = '5s'; TABLE a")  # the first try is over
                    holder.commit()

        assert run_sync(notify=hear) == ["+ 2_b"]
        assert told[0].startswith(f"ada's (process {holder.info.backend_pid}, user ")
    assert told[0].endswith("which holds public.a")


@pytest.mark.parametrize("up", ["ALTER TABLE a ADD m int;", "SET lock_timeout = 0; ALTER TABLE a ADD m int;"])
def test_it_gives_up_with_the_database_as_it_was(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]], up: str
) -> None:
    """What had to be committed before it is taken back."""
    sandbox.git("config", "gitmig.lockWait", "1")
    sandbox.migration("1_a", "CREATE TYPE kind AS ENUM ('x'); CREATE TABLE a (n int);")
    run_sync()
    sandbox.migration("2_b", "ALTER TYPE kind ADD VALUE 'y';", "")
    sandbox.migration("3_c", f"CREATE TABLE c (k kind DEFAULT 'y'); INSERT INTO c VALUES ('y'); {up}", "")
    with psycopg.connect(database.url, application_name="ada's") as holder:
        holder.execute("SELECT FROM a")
        with pytest.raises(LockBusy, match=r"gave up after 1 s .* for ada's .*is as it was before"):
            run_sync()
    assert (database.applied(), database.columns("a")) == (["1_a"], ["n"])
    assert database.rows("SELECT enumlabel FROM pg_enum") == [("x",)]
    assert run_sync() == ["+ 2_b", "+ 3_c"]


def test_whoever_only_looks_gives_up_as_well(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    sandbox.git("config", "gitmig.lockWait", "1")
    sandbox.migration("1_a", "CREATE TABLE a (n int); CREATE VIEW v AS SELECT n FROM a;")
    run_sync()
    with psycopg.connect(database.url, application_name="ada's") as holder:
        holder.execute("LOCK TABLE a")
        with pytest.raises(LockBusy, match=r"gave up after 1 s .* for ada's"):
            status(Project.load(sandbox.root, database.url))


def test_a_hook_leaves_it_to_a_sync(sandbox: Sandbox, database: Database) -> None:
    sandbox.git("config", "gitmig.lockWait", "1")
    sandbox.migration("1_a", "CREATE TABLE a (n int);")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "topic")
    sandbox.migration("2_b", "ALTER TABLE a ADD m int;", "ALTER TABLE a DROP m;")
    sandbox.gitmig("sync")
    sandbox.commit("b")
    with psycopg.connect(database.url, application_name="ada's") as holder:
        holder.execute("SELECT FROM a")
        said = sandbox.git("switch", "--quiet", "main").err
    assert said.startswith("waiting for ada's (process ")
    assert f"{Address.of(database.url)} is as it was before; run `gitmig sync` when they are done" in said
    assert database.columns("a") == ["n", "m"]
