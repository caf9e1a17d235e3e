"""`gitmig db`: the embedded PostgreSQL of a clone, a psql, and the databases that rebuilds replaced and kept."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError
from gitmig.events import silent
from gitmig.git import marker
from gitmig.ledger.protection import set_protected
from gitmig.postgres.address import environment
from gitmig.rebuild.databases import (
    NEW_PREFIX,
    database_names,
    drop_unused,
    identity,
    listed,
    name_of_new,
    orphans,
    replaced_at,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gitmig.events import Notify
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Psql:
    """A psql that is ready to be run: the program, and the environment that leads it to the database."""

    program: str
    environment: dict[str, str]


def url(project: Project) -> str:
    """The URL of the project's database, running if it is the embedded one."""
    if project.settings.database is None:
        project.wake()
    return project.url


def psql(project: Project) -> Psql:
    """The embedded server's psql, or the one on the PATH. Raises GitmigError if there is none."""
    address = url(project)
    found: str | Path | None = shutil.which("psql")
    if project.settings.database is None:
        found = project.server.program("psql")
    if found is None:
        raise GitmigError("psql is not on the PATH", hint="install PostgreSQL's client programs")
    return Psql(program=str(found), environment=os.environ | environment(address))


def start(project: Project) -> bool:
    """Start the embedded server; True if it was not running. Its database is there afterwards."""
    _refuse_configured(project)
    started = not project.server.is_running()
    project.wake()
    return started


def stop(project: Project) -> bool:
    """Stop the embedded server; True if it was running."""
    _refuse_configured(project)
    return project.server.stop()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OldDatabase:
    """A replaced database: since when, its size in bytes if that may be known, how many are connected to it."""

    name: str
    replaced: datetime
    size: int | None
    sessions: int


def old_databases(project: Project, *, days: float = 0) -> list[OldDatabase]:
    """What rebuilds of the project's database replaced at least so many days ago, oldest first."""
    with project.connect("prune") as connection:
        return _old(connection, datetime.now(timezone.utc) - timedelta(days=days))


def prune(project: Project, databases: Sequence[OldDatabase], *, notify: Notify = silent) -> list[OldDatabase]:
    """Drop these databases, and what a rebuild that was killed left half built; returns those that are in use."""
    with project.connect("prune", locked=True, notify=notify) as connection:
        _, oid = identity(connection)
        for name in (name_of_new(oid), *orphans(connection, NEW_PREFIX)):
            drop_unused(connection, name)
        return [old for old in databases if not drop_unused(connection, old.name)]


def _old(connection: Connection, before: datetime) -> list[OldDatabase]:
    name, _ = identity(connection)
    times = {other: at for other in database_names(connection) if (at := replaced_at(name, other)) and at <= before}
    found = [
        OldDatabase(name=one.name, replaced=times[one.name], size=one.size, sessions=one.sessions)
        for one in listed(connection, list(times))
    ]
    return sorted(found, key=lambda old: old.replaced)
