"""Two syncs at once: one works, the other waits, says for whom, and then finds nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

SLOW = "CREATE TABLE a (id int); SELECT pg_sleep(1.5);"


def _start(sandbox: Sandbox, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=sandbox.root,
        env=os.environ | sandbox.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_until_working(database: Database) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(1%'"
    deadline = time.monotonic() + 20
    while database.rows(query + " AND pid <> pg_backend_pid()") == [(0,)]:
        assert time.monotonic() < deadline, "the first sync never began"
        time.sleep(0.02)


def test_the_second_sync_waits_and_finds_nothing_to_do(sandbox: Sandbox, database: Database) -> None:
    sandbox.migration("0001_a", SLOW)
    first = _start(sandbox, sys.executable, "-m", "gitmig", "sync")
    _wait_until_working(database)
    second = _start(sandbox, sys.executable, "-m", "gitmig", "sync")
    out, err = second.communicate(timeout=30)
    assert first.wait(timeout=30) == 0
    assert second.returncode == 0, err
    assert err.startswith("waiting for gitmig sync (process ")
    assert "0001_a" not in out
    assert database.applied() == ["0001_a"]
    first.communicate()


def test_a_sync_waits_for_the_hook(sandbox: Sandbox, database: Database) -> None:
    sandbox.git("switch", "--quiet", "--create", "slow")
    sandbox.migration("0001_a", SLOW)
    sandbox.commit("slow")
    sandbox.git("switch", "--quiet", "main")
    checkout = _start(sandbox, "git", "switch", "--quiet", "slow")
    _wait_until_working(database)
    result = sandbox.gitmig("sync")
    assert "waiting for gitmig sync" in result.err
    assert "+ 0001_a" not in result.out
    assert checkout.wait(timeout=30) == 0
    checkout.communicate()


def test_building_an_index_concurrently_does_not_wait_for_who_waits_for_it(
    sandbox: Sandbox, database: Database
) -> None:
    """A waiter inside pg_advisory_lock would hold a snapshot, and both would wait for ever."""
    sandbox.git("config", "gitmig.runOutside", "always")
    up = "SELECT pg_sleep(1.5);\nCREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"
    sandbox.write("migrations/0001_a.sql", f"-- migrate:up transaction:false\n{up}")
    first = _start(sandbox, sys.executable, "-m", "gitmig", "sync")
    _wait_until_working(database)
    sandbox.gitmig("sync")
    assert first.wait(timeout=30) == 0
    first.communicate()
    assert database.applied() == ["0001_a"]
