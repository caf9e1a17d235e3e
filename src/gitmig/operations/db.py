"""`gitmig db`: the embedded PostgreSQL of a clone, a psql, and protection.

Its databases are in `own_databases`, which takes long to load: programs ask for the URL again and again.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError, UsageError
from gitmig.events import silent
from gitmig.git import marker
from gitmig.ledger.protection import set_protected
from gitmig.postgres.address import environment, jdbc_url
from gitmig.postgres.lost_servers import lost_servers

if TYPE_CHECKING:
    from gitmig.events import Notify
    from gitmig.postgres.lost_servers import LostServer
    from gitmig.project.project import Project


class Psql(Struct, frozen=True, kw_only=True):
    """A psql that is ready to be run: the program, and the environment that leads it to the database."""

    program: str
    environment: dict[str, str]


def url(project: Project, *, jdbc: bool = False) -> str:
    """The URL of the project's database for other programs, of JDBC's form if asked; the embedded server runs then.

    It is that of the address on which the embedded server listens, if it was asked to. Raises GitmigError.
    """
    address = project.awake_url()
    if project.settings.database is None:
        address = project.server.tcp_url(project.name) or address
    return jdbc_url(address) if jdbc else address


def is_unserved(project: Project) -> bool:
    """Whether the embedded server was asked to listen on an address, and does not: somebody else has the port."""
    server = project.server
    asked = project.settings.database is None and server.loopback is not None
    return asked and server.tcp_url(project.name) is None


def psql(project: Project) -> Psql:
    """The embedded server's psql, or the one on the PATH. Raises GitmigError if there is none."""
    address = project.awake_url()
    return Psql(program=client_program(project, "psql"), environment=os.environ | environment(address))


def client_program(project: Project, name: str) -> str:
    """One of PostgreSQL's programs: the embedded server's, or the one on the PATH. Raises GitmigError."""
    is_embedded = project.settings.database is None
    found = project.server.program(name) if is_embedded else shutil.which(name)
    if found is None:
        raise GitmigError(f"{name} is not on the PATH", hint="install PostgreSQL's client programs")
    return str(found)


def start(project: Project) -> bool:
    """Start the embedded server; True if it was not running. Its database is there afterwards."""
    _refuse_configured(project)
    started = not project.server.is_running()
    project.wake()
    return started


def listen(project: Project, port: int | None = None) -> bool:
    """Have the embedded server listen on this machine's own address, too; True if it was started (again) for it."""
    _refuse_configured(project)
    started = project.server.listen(port)
    project.wake()
    return started


def listen_no_more(project: Project) -> bool:
    """Have the embedded server on its socket only; False if it was."""
    _refuse_configured(project)
    return project.server.listen_no_more()


def stop(project: Project) -> bool:
    """Stop the embedded server; True if it was running."""
    _refuse_configured(project)
    return project.server.stop()


def servers_of_deleted_clones(project: Project) -> list[LostServer]:
    """Embedded servers that run on although their clone was deleted; of every clone of who runs this."""
    return lost_servers(project.server.users)


def reset(project: Project) -> None:
    """Drop this work tree's embedded database with all its rows, and make it anew, empty."""
    _refuse_configured(project)
    marker.forget(project.repository)
    project.wake(anew=True)


def _refuse_configured(project: Project) -> None:
    """The server behind a configured URL is not gitmig's to start, stop or empty."""
    if project.settings.database is not None:
        raise UsageError(
            f"the database is configured ({project.settings.database_source}), so it is not the embedded one",
            hint="this command looks after the embedded PostgreSQL only; unset the URL to use that",
        )


def protect(project: Project, *, protected: bool, notify: Notify = silent) -> bool:
    """Protect the project's database, or no longer; False if it was so before. A ledger is made if there is none."""
    with project.connect("protect", locked=True, notify=notify) as connection:
        return set_protected(connection, protected=protected)
