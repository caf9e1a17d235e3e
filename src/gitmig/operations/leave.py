"""`gitmig leave`: take everything of gitmig's out of a clone and its database; nothing that people made."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import BeforeGitmig, GitmigError, UsageError
from gitmig.git import hooks
from gitmig.git.hooks import OURS
from gitmig.git.notes import REF
from gitmig.ledger.protection import is_protected
from gitmig.ledger.store import read_state
from gitmig.migrations.model import InvalidMigrations
from gitmig.project.ownership import foreign_ledger
from gitmig.project.target import load_target

if TYPE_CHECKING:
    from gitmig.git.hooks import Consent, Installation
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project

SCHEMAS = ("gitmig", "gitmig_kept")
THERE = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s) ORDER BY 1"
DROP = "DROP SCHEMA IF EXISTS gitmig, gitmig_kept CASCADE"
KEPT = "SELECT pg_catalog.count(*) FROM gitmig_kept.item WHERE rows > 0"


class Belongings(Struct, frozen=True, kw_only=True):
    """What is there of gitmig's, and would go; `stays` says why the database's part would not.

    `schemas` are in `database`, with `kept` items of rows that people may want; `settings` are keys of this clone's
    git configuration.
    """

    hooks: tuple[str, ...]
    has_notes: bool
    settings: tuple[str, ...]
    database: str
    schemas: tuple[str, ...]
    kept: int
    stays: str | None = None

    def __bool__(self) -> bool:
        """Whether anything would go."""
        return bool(self.hooks or self.has_notes or self.settings or self.schemas)


def look(project: Project) -> Belongings:
    """What is there; changes nothing. A database that cannot be reached, or is not this project's, stays as it is."""
    repository = project.repository
    schemas: tuple[str, ...] = ()
    kept, stays = 0, None
    if project.settings.database is not None or project.server.is_running():
        try:
            with project.connect("leave") as connection:
                schemas, kept = _there(connection)
                stays = _objection(project, connection) if schemas else None
        except GitmigError as error:
            stays = error.message
    else:
        stays = "the embedded server does not run"
    status, out, _ = repository.attempt("config", "--local", "--name-only", "--get-regexp", r"^gitmig\.")
    return Belongings(
        hooks=tuple(hook.name for hook in hooks.status(repository) if hook.state in OURS),
        has_notes=repository.attempt("show-ref", "--verify", "--quiet", REF)[0] == 0,
        settings=tuple(dict.fromkeys(out.decode().split())) if status == 0 else (),
        database=str(project.address),
        schemas=() if stays else schemas,
        kept=kept,
        stays=stays,
    )


def leave(project: Project, found: Belongings, *, consent: Consent = hooks.refuse) -> Installation:
    """Take away what was found. The database goes first: if that fails, everything else is still there.

    Raises GitmigError.
    """
    if found.schemas:
        with project.connect("leave", locked=True) as connection:
            if objection := _objection(project, connection):
                raise GitmigError(objection)
            connection.execute(DROP)
    done = hooks.uninstall(project.repository, consent=consent)
    if found.has_notes:
        project.repository.run("update-ref", "-d", REF)
    for key in found.settings:
        project.repository.run("config", "--local", "--unset-all", key)
    return done


def _there(connection: Connection) -> tuple[tuple[str, ...], int]:
    schemas = tuple(connection.values(THERE, (list(SCHEMAS),)))
    return schemas, connection.value(KEPT) if "gitmig_kept" in schemas else 0


def _objection(project: Project, connection: Connection) -> str | None:
    """Why the ledger has to stay."""
    if is_protected(connection):
        return f"{project.address} is protected (`gitmig db unprotect`)"
    with suppress(InvalidMigrations, BeforeGitmig, UsageError):
        state, target = read_state(connection), load_target(project)
        if foreign := foreign_ledger(connection, target, state):
            return foreign.message
    return None
