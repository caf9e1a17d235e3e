"""A pooler between gitmig and the server: PgBouncer, where there is one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from gitmig.errors import DatabaseUnavailable
from gitmig.operations.sync import sync
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Database, Sandbox

PGBOUNCER = os.environ.get("TEST_PGBOUNCER") or shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
INI = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
auth_type = any
pool_mode = {mode}
unix_socket_dir =
logfile = {folder}/log
pidfile = {folder}/pid
ignore_startup_parameters = extra_float_digits,options
"""
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


@pytest.fixture
def pooled(database: Database, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """The URL of the database through a pooler in this mode."""
    started = []
    parts = urlsplit(database.url)
    if not parts.hostname:
        pytest.skip("the server has no port")

    def start(mode: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            own = free.getsockname()[1]
        folder = tmp_path / "pgbouncer"
        folder.mkdir()
        folder.chmod(0o777)
        for path in (*folder.parents,)[:4]:
            path.chmod(path.stat().st_mode | 0o111)
        values = {"host": parts.hostname, "port": parts.port, "user": parts.username}
        (folder / "ini").write_text(INI.format(own=own, mode=mode, folder=folder, **values))
        as_root = ["-u", "nobody"] if os.geteuid() == 0 else []
        started.append(subprocess.Popen([str(PGBOUNCER), "-q", *as_root, str(folder / "ini")]))
        url = f"postgresql://{parts.username}@127.0.0.1:{own}/{database.name}"
        for _ in range(100):
            try:
                psycopg.connect(url).close()
                return url
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise AssertionError("pgbouncer does not answer")

    yield start
    for one in started:
        one.terminate()
        one.wait()


def test_one_that_gives_each_transaction_another_session_is_refused(
    sandbox: Sandbox, database: Database, pooled: Callable[[str], str]
) -> None:
    """Nothing of gitmig's stays behind on the server's session."""
    sandbox.table("1_a", "a")
    project = Project.load(sandbox.root, pooled("transaction"))
    with pytest.raises(DatabaseUnavailable, match="is a pooler that gives each transaction another session") as caught:
        sync(project)
    assert "give it the URL of the server itself" in str(caught.value.hint)
    assert database.rows("SELECT FROM pg_locks WHERE locktype = 'advisory'") == []
    assert database.tables() == []


def test_one_that_keeps_sessions_does_no_harm(
    sandbox: Sandbox, database: Database, pooled: Callable[[str], str]
) -> None:
    sandbox.git("config", "gitmig.verify", "never")  # a scratch database is another pool, and waits for a session there
    sandbox.table("1_a", "a")
    sync(Project.load(sandbox.root, pooled("session")))
    assert database.tables() == ["a"]
