"""`kill -9` at random moments: ledger and schema agree every time, and the next sync completes."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.combinations import LONG
from tests.warm import start

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox
    from tests.warm import Started

STEPS = 40
KILLS = 25 if LONG else 10  # of each kind
PATIENCE = 5.0


@pytest.mark.parametrize("transactional", [True, False], ids=["in a transaction", "outside"])
def test_kill_9_leaves_ledger_and_schema_agreeing(sandbox: Sandbox, database: Database, transactional: bool) -> None:
    """Forty steps, each a table with an index; up and down in turns, killed in all of them."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - to be able to repeat a failure
    rng = random.Random(seed)
    _write_steps(sandbox, transactional=transactional)
    full = sandbox.commit("all")
    for _ in range(2):  # the second time all schemas are known, as for the runs that are killed
        longest = max(_time(sandbox, full), _time(sandbox, "HEAD~1"))
    moments = [longest * (k + rng.random()) / KILLS for k in range(KILLS)]
    rng.shuffle(moments)
    killed = 0
    for k, moment in enumerate(moments):
        process = _start_sync(sandbox, full if k % 2 == 0 else "HEAD~1")
        time.sleep(moment)
        killed += process.is_running()
        process.kill()
        process.wait()
        _wait_for_backends(database)
        assert _agree(database), f"after kill {k} at {moment:.3f} s"
    assert killed > KILLS // 5, "most of the runs were over before they could be killed"
    sandbox.gitmig("sync", "--yes", full)
    assert len(database.applied()) == STEPS
    assert _agree(database)
    assert database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert database.rows("SELECT count(*) FROM gitmig.unfinished") == [(0,)]


def test_kill_9_in_the_middle_of_repairing_and_keeping_loses_no_row(sandbox: Sandbox, database: Database) -> None:
    """Tables with rows whose downs forget something, fail or do nothing: each way back is repaired, its rows kept."""
    downs = ("", "DROP TABLE nowhere;", "ALTER TABLE a DROP COLUMN c{n};", "SELECT 1;")
    sandbox.migration("0001_a", "CREATE TABLE a (id int PRIMARY KEY);", "DROP TABLE a;")
    for n in range(2, 14):
        up = (
            f"ALTER TABLE a ADD c{n} int; CREATE INDEX i{n} ON a (c{n}); CREATE TABLE t{n} (id int PRIMARY KEY, x text)"
        )
        sandbox.migration(f"{n:04}_m", up, downs[n % len(downs)].format(n=n))
    full = sandbox.commit("all")
    for path in (sandbox.root / "migrations").glob("00*_m.sql"):
        path.unlink()
    first = sandbox.commit("only the first")
    sandbox.gitmig("sync", "--yes", full)
    database.rows(
        "INSERT INTO a SELECT g, " + ", ".join(f"g * {n}" for n in range(2, 14)) + " FROM generate_series(1, 50) g"
    )
    for n in range(2, 14):
        database.rows(f"INSERT INTO t{n} SELECT g, 'row ' || g FROM generate_series(1, 50) g")
    before = _rows(database)
    sandbox.gitmig(
        "sync", "--yes", first
    )  # from now on the schemas of all steps are known, and a run takes as long as any
    longest = max(_time(sandbox, full), _time(sandbox, first))
    rng, killed = random.Random(1), 0
    for k in range(12 if LONG else 6):
        process = _start_sync(sandbox, full if k % 2 == 0 else first)
        time.sleep(longest * rng.random())
        killed += process.is_running()
        process.kill()
        process.wait()
        _wait_for_backends(database)
        assert len(database.applied()) in {1, 13}, "a plan in one transaction is done or not"
    assert killed, "every run was over before it could be killed"
    sandbox.gitmig("sync", "--yes", full)
    assert _rows(database) == before


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    return {
        table: sorted(database.rows(f"SELECT to_jsonb(x)::text FROM {table} x"), key=str) for table in database.tables()
    }


def _write_steps(sandbox: Sandbox, *, transactional: bool) -> None:
    sandbox.git("config", "gitmig.runOutside", "always")
    option = "" if transactional else " transaction:false"
    for n in range(1, STEPS + 1):
        concurrently = "" if transactional else "CONCURRENTLY"
        index = f"CREATE INDEX {concurrently} i{n} ON t{n} (id);"
        up = f"CREATE TABLE t{n} (id int);\n{index}\nINSERT INTO t{n} VALUES ({n});"
        down = f"DROP INDEX {concurrently} i{n};\nDROP TABLE t{n};"
        sandbox.write(f"migrations/{n:04}_t.sql", f"-- migrate:up{option}\n{up}\n-- migrate:down{option}\n{down}\n")


def _start_sync(sandbox: Sandbox, revision: str) -> Started:
    with Path(os.devnull).open("w") as nothing:
        return start(("sync", "--yes", revision), sandbox.root, sandbox.environment, (nothing.fileno(),) * 2)


def _time(sandbox: Sandbox, revision: str) -> float:
    """The seconds that a sync takes if nobody kills it; on a machine that is busy with something else, PATIENCE."""
    began = time.monotonic()
    sandbox.gitmig("sync", "--yes", revision)
    return min(time.monotonic() - began, PATIENCE)


def _wait_for_backends(database: Database) -> None:
    """A backend notices that its client is gone when it has finished its statement."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while database.rows(query) != [(0,)]:
        time.sleep(0.01)


def _agree(database: Database) -> bool:
    """Tables are those of the ledger, but for one script that the ledger itself calls unfinished."""
    if database.rows("SELECT to_regclass('gitmig.applied')") == [(None,)]:
        return not database.tables()
    ledger = {f"t{int(str(row[0]))}" for row in database.rows("SELECT version FROM gitmig.applied")}
    unfinished = {
        f"t{int(str(row[0]))}" for row in database.rows("SELECT migration ->> 'version' FROM gitmig.unfinished")
    }
    return set(database.tables()) - unfinished == ledger - unfinished
