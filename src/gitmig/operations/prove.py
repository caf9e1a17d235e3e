"""Prove whether two sides can live together: run both orders on a scratch database and compare the schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.proof import judge
from gitmig.database.building import BuildFailed
from gitmig.database.embedded import MAINTENANCE
from gitmig.database.trials import run_trials
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from gitmig.core.proof import Proof, Sides
    from gitmig.operations.project import Project

EMBEDDED = "embedded"


def prove(project: Project, sides: Sides, scratch: str | None = None) -> Proof:
    """Try every order of the sides' migrations. The user's own database is not touched.

    `scratch` is the URL of a server on which a database may be made, or `embedded`; None is the project's own server.
    Raises GitmigError if it cannot be decided: no server, or the common migrations do not run.
    """
    foundation = [sides.contents[migration.path].up for migration in sides.foundation]
    try:
        before, results = run_trials(_server(project, scratch), project.bootstrap_sql(), foundation, sides.trials())
    except BuildFailed as failure:
        error = failure.error
        raise GitmigError(
            f"the migrations that both sides have do not run: {failure.script.path}:{error.line}: {error.message}",
            hint="what every database needs before the first migration belongs into the bootstrap file",
            details=(f"statement: {' '.join(error.statement.split())[:300]}",),
        ) from failure
    return judge(sides, before, results)


def _server(project: Project, scratch: str | None) -> str:
    """The URL of a database beside which scratch databases can be made."""
    if scratch is not None and scratch != EMBEDDED:
        return scratch
    if scratch == EMBEDDED or project.settings.database is None:
        project.server.start()
        return project.server.url(MAINTENANCE)
    return project.url
