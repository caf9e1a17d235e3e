"""`gitmig log`: the commits that changed the migration set, and where the database is among them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import DatabaseUnavailable, UntrustedLedger
from gitmig.git.history import commits_touching
from gitmig.ledger.store import read_state
from gitmig.migrations.model import InvalidMigrations
from gitmig.operations.record import Targets, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.git.history import Commit
    from gitmig.migrations.record import Record
    from gitmig.project.project import Project


class LogEntry(Struct, frozen=True, kw_only=True):
    """One commit. `record` is None if its migrations are invalid; `here` marks the set the database is at."""

    commit: Commit
    record: Record | None
    here: bool


class Log(Struct, frozen=True, kw_only=True):
    """Entries, newest first, made as they are asked for. `unavailable` says why no entry can be marked."""

    entries: Iterator[LogEntry]
    unavailable: str | None


def log(project: Project, revision: str, limit: int | None) -> Log:
    """The log of everything reachable from a revision. Works without a database, too."""
    start = project.repository.resolve(revision)
    database_set, unavailable = _database_set(project)
    commits = commits_touching(project.repository, (start,), project.settings.folders)
    entries = islice(_entries(commits, Targets(project), database_set), limit)
    return Log(entries=entries, unavailable=unavailable)


def _entries(commits: Iterator[Commit], targets: Targets, database_set: str | None) -> Iterator[LogEntry]:
    marked = False
    for commit in commits:
        try:
            record = record_of(commit, targets)
        except InvalidMigrations:
            yield LogEntry(commit=commit, record=None, here=False)
            continue
        if not record.changes:
            continue
        here = not marked and record.set_id == database_set
        marked = marked or here
        yield LogEntry(commit=commit, record=record, here=here)


def _database_set(project: Project) -> tuple[str | None, str | None]:
    try:
        with project.connect("log") as connection:
            state = read_state(connection)
    except (DatabaseUnavailable, UntrustedLedger) as error:
        return None, error.message
    return (state.set_id if state.stack else None), None
