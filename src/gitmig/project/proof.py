"""`gitmig check --prove`: the scratch database on which the orders of two sides run, and what comes out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitmig.check.proof import Orders, conclude
from gitmig.execute.build import BuildFailed
from gitmig.postgres.address import location
from gitmig.postgres.embedded import MAINTENANCE, forget_libpq_variables
from gitmig.project.failures import not_fresh
from gitmig.project.sides import Reader
from gitmig.trials.orders import founded_scratch, run_orders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.proof import Proof
    from gitmig.migrations.model import Migration
    from gitmig.project.comparison import Checked
    from gitmig.project.project import Project
    from gitmig.trials.orders import FoundedScratch


@contextmanager
def founded_for(project: Project, orders: Orders, scratch: str | None = None) -> Iterator[FoundedScratch]:
    """A scratch database with what both sides have in common; the user's own database is not touched.

    `scratch` is the URL of a server on which a database may be made, or `embedded`; None is the project's own server.
    Raises GitmigError if there is no server, or the common migrations do not run.
    """
    bootstrap = project.bootstrap_sql()
    foundation = [orders.contents[migration.blobs].up for migration in orders.foundation]
    with _server(project, scratch) as server, project.programs() as programs:
        try:
            with founded_scratch(server, bootstrap, foundation, project.settings.ignore, programs=programs) as founded:
                yield founded
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure


def prove(orders: Orders, founded: FoundedScratch) -> Proof:
    """Try every order of the sides' migrations."""
    return conclude(orders, founded.before, run_orders(founded, orders.planned_runs()))


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


EMBEDDED = "embedded"


def server_name(project: Project, scratch: str | None) -> str:
    """What tells that server from others; it need not run."""
    if scratch == EMBEDDED or (scratch is None and project.settings.database is None):
        return EMBEDDED
    return location(scratch or project.url)


@contextmanager
def _server(project: Project, scratch: str | None) -> Iterator[str]:
    """The URL of a database beside which scratch databases can be made.

    An embedded server that was started for nothing but that stops again.
    """
    if scratch is not None and scratch != EMBEDDED:
        yield scratch
        return
    if scratch == EMBEDDED or project.settings.database is None:
        forget_libpq_variables()
        is_started = project.server.start()
        try:
            yield project.server.url(MAINTENANCE)
        finally:
            if is_started and project.settings.database is not None:
                project.server.stop()
        return
    yield project.url
