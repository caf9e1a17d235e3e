"""The databases that rebuilds replaced and kept: which there are, and dropping them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from gitmig.core.database_name import UNDER_CONSTRUCTION, replaced_at, under_construction
from gitmig.database.rebuild.databases import database_names, drop_unused, identity, listed, orphans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.database.connection import Connection
    from gitmig.database.lock import Holder
    from gitmig.operations.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """A replaced database: since when, its size in bytes if that may be known, how many are connected to it."""

    name: str
    replaced: datetime
    size: int | None
    sessions: int


def old_databases(project: Project, *, days: float = 0) -> list[Old]:
    """What rebuilds of the project's database replaced at least so many days ago, oldest first."""
    with project.connect("prune") as connection:
        return _old(connection, datetime.now(timezone.utc) - timedelta(days=days))


def prune(project: Project, on_wait: Callable[[Holder], None], databases: Sequence[Old]) -> list[Old]:
    """Drop these databases, and what a rebuild that was killed left half built; returns those that are in use."""
    with project.connect("prune", on_wait=on_wait) as connection:
        _, oid = identity(connection)
        for name in (under_construction(oid), *orphans(connection, UNDER_CONSTRUCTION)):
            drop_unused(connection, name)
        return [old for old in databases if not drop_unused(connection, old.name)]


def _old(connection: Connection, before: datetime) -> list[Old]:
    name, _ = identity(connection)
    times = {other: at for other in database_names(connection) if (at := replaced_at(name, other)) and at <= before}
    found = [
        Old(name=one.name, replaced=times[one.name], size=one.size, sessions=one.sessions)
        for one in listed(connection, list(times))
    ]
    return sorted(found, key=lambda old: old.replaced)
