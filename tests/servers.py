"""The PostgreSQL server of the run, on which databases are made and dropped thousands of times."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from gitmig.postgres.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Nothing on the server has to outlive the run, and nobody uses one of its databases for longer than a test. The log
# stays as it is by default: with `wal_level = minimal`, to make a database takes longer.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "2GB",
    "bgwriter_lru_maxpages": "0",
    "jit": "off",
    "io_method": "sync",  # since PostgreSQL 18: its workers would take turns with the tests
}
# Of a server that one test asks a few things.
SMALL = {"shared_buffers": "2MB", "max_connections": "20", "fsync": "off", "autovacuum": "off", "io_method": "sync"}
# The first version that writes every page of a new database to the log, unless it is told to copy the files.
WRITES_PAGES = 150_000
# What the databases of this process's tests are copies of; see `made_template`.
TEMPLATE = f"test_template_{os.getpid()}"


@contextmanager
def embedded_server() -> Iterator[str]:
    """The URL of an embedded server, without the name of a database at its end; the server is there until the end.

    Not below pytest's own folder: every run of pytest makes that private again, and for root the embedded server runs
    as another user.
    """
    with tempfile.TemporaryDirectory(prefix="gitmig-tests-", dir=in_memory(), ignore_cleanup_errors=True) as home:
        server = EmbeddedServer(Path(home))
        server.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            _set(connection, SETTINGS)
            connection.execute("ALTER DATABASE template0 ALLOW_CONNECTIONS true")
            _make_small(server.url("template0"))
            connection.execute("ALTER DATABASE template0 ALLOW_CONNECTIONS false")
        server.stop()  # some settings count from the next start on
        server.start()
        yield server.url("postgres").replace("/postgres?", "/?")
        server.stop()


def in_memory() -> str | None:
    """A folder that is no disk, if there is one with enough room in which programs may run.

    A database is made there in a quarter of the time, and a file in a tenth.
    """
    memory = Path("/dev/shm")
    enough = 4 << 30  # bytes
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < enough:
        return None
    return None if os.statvfs(memory).f_flag & os.ST_NOEXEC else str(memory)


def _set(connection: psycopg.Connection, settings: Mapping[str, str]) -> None:
    """Write down those of the settings that this version has."""
    known = {str(row[0]) for row in connection.execute("SELECT name FROM pg_settings").fetchall()}
    for name in settings.keys() & known:
        connection.execute(f"ALTER SYSTEM SET {name} = '{settings[name]}'".encode())


def _make_small(url: str) -> None:
    """Have less to copy for a new database: 228 files instead of 301, in PostgreSQL 18.

    The last connection leaves what every connection begins with. It is copied as well, where files are.
    """
    with psycopg.connect(url, autocommit=True) as inside:
        inside.execute("VACUUM FULL")
    psycopg.connect(url).close()


@contextmanager
def made_template(connection: psycopg.Connection, url: str) -> Iterator[None]:
    """Make TEMPLATE, an empty database with this URL to copy: that and the first connection take less time."""
    create_database(connection, TEMPLATE, "TEMPLATE template0")
    _make_small(url)
    connection.execute(f'ALTER DATABASE "{TEMPLATE}" ALLOW_CONNECTIONS false'.encode())
    yield
    connection.execute(f'DROP DATABASE "{TEMPLATE}"'.encode())


def create_database(connection: psycopg.Connection, name: str, options: str = f'TEMPLATE "{TEMPLATE}"') -> None:
    """Make a database; with the files copied, where that takes less time, for it waits until all is on the disk."""
    if connection.info.server_version >= WRITES_PAGES and connection.execute("SHOW fsync").fetchone() == ("off",):
        options += " STRATEGY file_copy"
    connection.execute(f'CREATE DATABASE "{name}" {options}'.encode())


@dataclass(frozen=True)
class Cluster:
    """What `initdb` has made once, to be copied: that takes a fraction of the time."""

    data: Path

    @classmethod
    def make(cls, home: Path) -> Cluster:
        """Make it below a folder; with little memory, and none of it flushed, it starts and stops in less time."""
        server = EmbeddedServer(home)
        server.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            _set(connection, SMALL)
        server.stop()
        return cls(server.data)

    def copy_to(self, server: EmbeddedServer) -> None:
        """Have a server that has none find its cluster made already, by the user whose it would be."""
        server.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", str(self.data), str(server.data)], check=True)
