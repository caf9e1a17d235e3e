"""Prove whether two sides can live together: run both orders on a scratch database and compare the schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.proof import Orders, judge
from gitmig.database.building import BuildFailed
from gitmig.database.embedded import MAINTENANCE, forget_libpq_variables
from gitmig.database.proving import run_trials
from gitmig.operations.failures import not_fresh
from gitmig.operations.sides import Reader

if TYPE_CHECKING:
    from gitmig.core.migration import Migration
    from gitmig.core.proof import Proof
    from gitmig.operations.check import Checked
    from gitmig.operations.project import Project

EMBEDDED = "embedded"


def prove(project: Project, orders: Orders, scratch: str | None = None) -> Proof:
    """Try every order of the sides' migrations. The user's own database is not touched.

    `scratch` is the URL of a server on which a database may be made, or `embedded`; None is the project's own server.
    Raises GitmigError if it cannot be decided: no server, or the common migrations do not run.
    """
    foundation = [orders.contents[migration.blobs].up for migration in orders.foundation]
    try:
        server, bootstrap = _server(project, scratch), project.bootstrap_sql()
        before, results = run_trials(server, bootstrap, foundation, orders.trials(), project.settings.ignore)
    except BuildFailed as failure:
        raise not_fresh(failure.script, failure.error) from failure
    return judge(orders, before, results)


def orders_of(project: Project, checked: Checked) -> Orders | None:
    """The orders of two sides that were checked; None if one of the migrations cannot be read, which is a finding.

    What one side edited counts as the merge has it.
    """
    known = {_key(m): m for m in (*checked.theirs_added, *checked.ours_added)}
    merged = tuple(known.get(_key(m), m) for m in checked.merged.migrations)
    reader = Reader(project=project, layout=checked.layout)
    work_tree = {_key(m) for m in checked.ours.migrations}
    reader.read([m for m in merged if _key(m) in work_tree], checked.ours.snapshot, footprints=False)
    reader.read(merged, checked.base.in_git, footprints=False)
    if reader.problems or not set(map(_key, known.values())) <= set(map(_key, merged)):
        return None
    return Orders(
        ours=tuple(m for m in merged if m in checked.ours_added),
        theirs=tuple(m for m in merged if m in checked.theirs_added),
        merged=merged,
        contents=reader.contents,
    )


def _key(migration: Migration) -> tuple[str, str]:
    """What makes two migrations the same, wherever the folder lies."""
    return migration.label, migration.blobs


def _server(project: Project, scratch: str | None) -> str:
    """The URL of a database beside which scratch databases can be made."""
    if scratch is not None and scratch != EMBEDDED:
        return scratch
    if scratch == EMBEDDED or project.settings.database is None:
        forget_libpq_variables()
        project.server.start()
        return project.server.url(MAINTENANCE)
    return project.url
