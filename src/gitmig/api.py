"""The public API: what an application, a test suite and a script in CI call. The command line calls the same functions.

They import what they need when they are called: an application that looks whether it is in sync loads no SQL parser.
What is promised of them is in docs/api.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, OutOfSync
from gitmig.events import silent
from gitmig.project.decisions import UNATTENDED

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from gitmig.events import Notify
    from gitmig.operations.check import Clients, Review
    from gitmig.operations.status import Status
    from gitmig.operations.sync import Outcome
    from gitmig.operations.verify import Verified
    from gitmig.project.decisions import Decisions
    from gitmig.project.project import Project
    from gitmig.project.trust import Candidate, Consent


def open_project(directory: str | os.PathLike[str] = ".", *, database: str | None = None) -> Project:
    """Open the project whose repository `directory` is in, with its settings. Connects to nothing.

    `database` is the URL of the database, and wins over all settings, as `--database` does. Without a URL anywhere the
    embedded server is meant, and libpq's variables (`PGHOST`, …) are taken out of the environment. Raises UsageError.
    """
    from gitmig.project.project import Project

    return Project.load(Path(directory).absolute(), database)


def status(project: Project, *, on_event: Notify = silent) -> Status:
    """Compare the database with the work tree, as `gitmig status` does; changes nothing. Raises GitmigError.

    `on_event` is called with what happens meanwhile (see `gitmig.events`).
    """
    from gitmig.operations import status as operation

    return operation.status(project, notify=on_event)


def sync(
    project: Project,
    revision: str | None = None,
    *,
    dry_run: bool = False,
    abandon: bool = False,
    discard_drift: bool = False,
    take_over: bool = False,
    confirm: str | None = None,
    timeout: int = 10,
    on_event: Notify = silent,
    decisions: Decisions = UNATTENDED,
) -> Outcome:
    """Bring the database to the migrations of the work tree, or of the commit `revision`.

    A dry run makes the plan and changes nothing. `abandon` forgets an interrupted script and takes back what it did,
    `discard_drift` takes back what was changed in the schema by hand, `take_over` makes a database that belongs to
    another project this one's. `confirm` is the `hash` of a dry run: exactly that plan runs, or none. `timeout` is how
    many seconds connecting may take. `on_event` is called with what happens meanwhile (see `gitmig.events`).

    To call it is to want it: nobody is asked. A protected database is left alone, and a database to which no way leads
    is not built anew; both are errors. `decisions` is how the command line asks, and no part of the promise. Raises
    GitmigError; SyncFailed if a script failed.
    """
    from gitmig.operations import sync as operation

    return operation.sync(
        project,
        revision=revision,
        dry_run=dry_run,
        abandon=abandon,
        discard_drift=discard_drift,
        take_over=take_over,
        confirm=confirm,
        timeout=timeout,
        notify=on_event,
        decisions=decisions,
    )


def check(
    project: Project,
    base: str | None = None,
    revision: str | None = None,
    *,
    prove: bool = False,
    scratch: str | None = None,
    clients: Clients = True,
    lint: bool = True,
    trust: bool = False,
    consent: Consent | None = None,
) -> Review:
    """Say whether the migrations of `revision` (None: the work tree) can live together with those of `base`.

    `base` None is the default branch of the remote. `prove` runs both orders on a scratch database, on the server
    `scratch` (a URL, or `embedded`) or on the project's own; to name one is to want the proof. `clients` looks for
    source code that uses what the branch takes away, and with a proof tries its SQL: `"words"` never does, `"sql"`
    also without a proof, `"rollback"` on the base's schema as well. `lint` asks squawk if it is installed. Scripts that
    this clone does not trust run only with `trust`; `consent` is the command line's way to ask, and no part of the
    promise. Raises GitmigError where it cannot be decided.
    """
    from gitmig.operations import check as operation

    return operation.review(
        project,
        base,
        revision,
        prove=prove or scratch is not None,
        scratch=scratch,
        clients=clients,
        lint=lint,
        consent=consent or (None if trust else refuse_without_trust),
    )


def verify(
    project: Project,
    what: str | None = None,
    *,
    everything: bool = False,
    trust: bool = False,
    consent: Consent | None = None,
    on_event: Notify = silent,
) -> Verified:
    """Try on a scratch database whether each down undoes its up, with rows in the tables.

    `what` is a commit, which adds migrations to its first parent, or a range `A..B`; None is what the work tree's
    branch adds to the default branch, and `everything` the whole set. Scripts that this clone does not trust run only
    with `trust`. `on_event` is called with what happens meanwhile (see `gitmig.events`). `consent` is the command
    line's way to ask, and no part of the promise. Raises GitmigError.
    """
    from gitmig.operations import verify as operation

    consent = consent or (None if trust else refuse_without_trust)
    return operation.verify(project, what, everything=everything, consent=consent, notify=on_event)


def assert_in_sync(project: Project, revision: str | None = None, *, drift: bool = False, timeout: int = 10) -> None:
    """Raise OutOfSync unless the database has exactly the migrations of the work tree, or of the commit `revision`.

    Compared is the applied stack of the ledger: the same migrations, by the contents of their ups, in the same order,
    and none of them half done. With `drift` the schema is compared, too: with what it was when gitmig last left it, and
    only if it is another one, with that of a fresh build in a scratch database. Writes nothing, takes no lock and runs
    none of the ledger's scripts. Other errors are GitmigError: DatabaseUnavailable, InvalidMigrations, …
    """
    from gitmig.ledger.store import read_state
    from gitmig.project.expected_schemas import ExpectedSchemas, find_drift
    from gitmig.project.target import distance_to, load_target

    target = load_target(project, revision)
    with project.connect("assert_in_sync", timeout=timeout) as connection:
        state = read_state(connection)
        distance = distance_to(state.stack, target)
        changed = None
        if state.unfinished is None and not distance.plan.steps:
            if not drift:
                return
            changed = find_drift(connection, ExpectedSchemas(project, connection, state.stack), state)
            if changed is None:
                return
    found = distance.difference
    raise OutOfSync(
        database=str(project.address),
        where=f"commit {target.commit}" if revision else f"the work tree on {target.commit or 'no commit'}",
        pending=tuple(one.label for one in found.pending),
        phantom=tuple(one.label for one in found.phantom),
        edited=tuple(one.label for one in found.edited),
        unfinished=state.unfinished.row.label if state.unfinished else None,
        drift=tuple(str(name) for name in changed.names) if changed else (),
    )


def refuse_without_trust(found: Sequence[Candidate]) -> None:
    """Raise GitmigError: scripts that nobody has approved would run on a scratch database."""
    raise GitmigError(
        f"this would run scripts that this clone does not trust: {', '.join(map(str, found))}",
        hint="trust=True runs them this once, `gitmig trust [REVISION]` shows and approves them",
    )
