"""The embedded server's second way in, for programs that know no unix sockets: this machine only, with a password.

It is opened on demand, and remembered in a file that only its user can read, with the password and the port. PostgreSQL
has one port, which the socket's name has in it, too.
"""

from __future__ import annotations

import json
import secrets
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from gitmig.postgres.socket_directory import write_private

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
FILE = "tcp.json"
LISTENS_ON = 5  # the line of postmaster.pid that has the addresses, from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loopback:
    """The port, and the password of the server's user there."""

    port: int
    password: str = field(repr=False)

    @classmethod
    def new(cls, port: int) -> Loopback:
        """With a password that nobody can guess, without a character that a URL would have to escape."""
        return cls(port=port, password=secrets.token_urlsafe(24))

    @classmethod
    def read(cls, home: Path) -> Loopback | None:
        """The one that is remembered; None if there is none."""
        try:
            found = json.loads((home / FILE).read_text(encoding="utf-8"))
            return cls(port=int(found["port"]), password=str(found["password"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, home: Path) -> None:
        """Remember it."""
        write_private(home / FILE, json.dumps({"port": self.port, "password": self.password}) + "\n")

    @property
    def address(self) -> str:
        """For people."""
        return f"{HOST}:{self.port}"

    def rule(self, user: str) -> str:
        """The line of pg_hba.conf that lets a user in."""
        return f"host all {user} {HOST}/32 scram-sha-256\n"

    def url(self, user: str, database: str) -> str:
        """The URL of a database, password included."""
        return f"postgresql://{user}:{self.password}@{HOST}:{self.port}/{quote(database, safe='')}"

    def is_served(self, data: Path) -> bool:
        """Whether the server with these files, which runs, listens there: who is at the port may be somebody else."""
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return lines[LISTENS_ON].strip() == HOST
        except (OSError, IndexError):
            return False


def forget(home: Path) -> None:
    """Have none any more."""
    (home / FILE).unlink(missing_ok=True)


def is_free(port: int) -> bool:
    """Whether a server could listen at a port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port where nobody listens now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
