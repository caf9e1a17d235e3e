"""What is loaded when there is nothing to do: a hook and a prompt wait for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Sandbox

# What runs scripts, moves rows, checks and rebuilds; and libraries that take longest.
IDLE = ("gitmig.execute", "gitmig.rows", "gitmig.check", "gitmig.rebuild", "gitmig.trials", "git", "rich", "postgast")
PROGRAM = """
import sys
from gitmig.cli.main import run
status = run(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(status)
"""


def test_a_sync_with_nothing_to_do_loads_nothing_that_it_does_not_need(sandbox: Sandbox) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig_here("sync")
    done = sandbox.run(sys.executable, "-c", PROGRAM, "sync")
    loaded = set(done.err.split())
    assert "gitmig.operations.sync" in loaded
    assert [name for name in IDLE if name in loaded] == []


def test_a_check_without_a_database_loads_no_driver(sandbox: Sandbox) -> None:
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    done = sandbox.run(sys.executable, "-c", PROGRAM, "check", "HEAD", "--no-lint")
    loaded = set(done.err.split())
    assert "gitmig.check.conflicts" in loaded
    assert [name for name in ("psycopg", "git", "pygments", "gitmig.execute", "gitmig.trials") if name in loaded] == []


def test_a_second_check_of_the_same_loads_no_parser(sandbox: Sandbox) -> None:
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "feature")
    sandbox.migration("0002_b", "ALTER TABLE a ADD COLUMN n int;", "ALTER TABLE a DROP COLUMN n;")
    sandbox.migration("0003_c", "DROP TABLE IF EXISTS a;", "CREATE TABLE a (id int);")
    sandbox.commit("feature")
    sandbox.git("switch", "--quiet", "main")
    sandbox.migration("0004_d", "CREATE TABLE d (id int);", "DROP TABLE d;")
    sandbox.commit("main")
    sandbox.git("switch", "--quiet", "feature")
    first, second = (sandbox.run(sys.executable, "-c", PROGRAM, "check", "main") for _ in range(2))
    assert "postgast" in first.err.split()
    assert "postgast" not in second.err.split()
    assert second.out == first.out
