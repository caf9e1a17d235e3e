"""`gitmig capture`: make a migration of what somebody changed in the database by hand, and mark it as applied."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError
from gitmig.events import silent
from gitmig.execute.ledger_writer import adopt
from gitmig.execute.tasks import row_of
from gitmig.ledger.store import read_added, read_rows, read_state
from gitmig.migrations.naming import slug
from gitmig.postgres.run_sql import ScriptError
from gitmig.project import trust
from gitmig.project.drafts import (
    Draft,
    NotComputable,
    accept_findings,
    draft,
    refuse_differing,
    section_of,
    unwrite,
    work_tree,
    write,
)
from gitmig.project.failures import shortened
from gitmig.project.ownership import foreign_ledger
from gitmig.project.target import distance_to, load_target
from gitmig.project.trial_database import open_trial_database
from gitmig.schema.baseline import PublicBaseline
from gitmig.schema.catalog import read_schema
from gitmig.schema.compare import difference
from gitmig.schema.fingerprint import Fingerprinter
from gitmig.schema.model import schema_difference

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gitmig.events import Notify
    from gitmig.ledger.rows import State
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.project.trial_database import TrialDatabase
    from gitmig.schema.model import Schema, SchemaDifference
    from gitmig.trials.round_trip import Observation

TITLE = "captured"
HINT = "write the migration yourself, in the file that `gitmig new` makes; `gitmig diff --sql` shows the rest"
UNFIT_HINT = "`gitmig sync --discard-drift` takes it back (its rows are kept); then change it again"
NEW_HINT = "`gitmig adopt` marks as applied what another tool has applied"


class Captured(Struct, frozen=True, kw_only=True):
    """What differed between the database and its migrations, and the migration that was made of it.

    Without a difference there is none: `label` is None and `paths` are empty. `pending` are the labels of what the work
    tree has and the database has not.
    """

    database: str
    drift: SchemaDifference
    label: str | None = None
    paths: tuple[str, ...] = ()
    notes: tuple[Observation, ...] = ()
    pending: tuple[str, ...] = ()


def capture(
    project: Project, title: str | None = None, *, now: datetime | None = None, notify: Notify = silent
) -> Captured:
    """Write the migration behind all others and mark it as applied. Raises GitmigError, UsageError.

    Both sections are computed and were tried: the up makes the database's schema of that of its migrations, the down
    leads back. What is pending was tried below it. The database itself is not changed, but for its ledger.
    """
    name, database = slug(title or TITLE), str(project.address)
    target = work_tree(project)
    with project.connect("capture", locked=True, notify=notify) as connection:
        state = read_state(connection)
        if foreign := foreign_ledger(connection, target, state):
            raise foreign
        pending = _pending(state, target, database)
        fingerprinter = Fingerprinter(connection.info.server_version, project.settings.ignore)
        found = read_schema(connection, fingerprinter.ignore, edges=True)
        with open_trial_database(project, edges=True) as trial:
            rows = read_rows(connection, 0)
            trial.build([rows[position].up_on_fresh for position in sorted(rows)])
            baseline = PublicBaseline.of(found, trial.schema, fingerprinter.server_version)
            wanted = baseline.under(trial.schema)
            drift = schema_difference(wanted, found)
            if not drift:
                return Captured(database=database, drift=drift)
            try:
                added = read_added(connection)
                drafted = _drafted(wanted, found, target, name, now or datetime.now(timezone.utc), added=added)
                _refuse_unfit(trial, pending, drafted, database, UNFIT_HINT if state.stack else NEW_HINT)
                notes = _tried(trial, found, baseline, drafted)
            except NotComputable as obstacle:
                raise obstacle.refused(f"migration of what was changed in {database}", HINT) from obstacle
        _write_and_adopt(connection, state, drafted, fingerprinter.fingerprint(found))
    return Captured(
        database=database,
        drift=drift,
        label=drafted.label,
        paths=drafted.paths,
        notes=notes,
        pending=tuple(pending),
    )


def _pending(state: State, target: Target, database: str) -> dict[str, Script]:
    """The work tree's migrations that are not applied yet: label → up, in order. Raises GitmigError.

    A change can only be captured on top of migrations that the work tree has as well.
    """
    if state.unfinished is not None:
        label = state.unfinished.row.label
        raise GitmigError(f"{label} was interrupted in {database}", hint="`gitmig sync` finishes it; then capture")
    distance = distance_to(state.stack, target)
    apart = distance.difference
    if apart.phantom or apart.edited:
        details = tuple(f"sync would {step.direction.value} {step.label}" for step in distance.plan.steps[:3])
        hint = "capture where the database is"
        if state.commit:
            hint += f": `git switch --detach {state.commit[:10]}`"
        raise GitmigError(
            f"{database} has migrations that the work tree has not, or has otherwise", hint=hint, details=details
        )
    return {migration.label: distance.contents[migration.path].up for migration in apart.pending}


def _refuse_unfit(
    trial: TrialDatabase, pending: Mapping[str, Script], drafted: Draft, database: str, hint: str
) -> None:
    """The next sync puts what is pending below what was captured: that has to work. Raises GitmigError."""
    if not pending:
        return
    with trial.clone() as clone:
        for label, up in (*pending.items(), (drafted.label, drafted.content.up)):
            try:
                clone.run(up)
            except ScriptError as error:
                what = "what was changed by hand" if label == drafted.label else label
                raise GitmigError(
                    f"what was changed in {database} does not go with what is pending: {what} fails: {error.message}",
                    hint=hint,
                    details=(f"statement: {shortened(error.statement)}",),
                ) from error


def _drafted(
    wanted: Schema, found: Schema, target: Target, name: str, now: datetime, *, added: Collection[str]
) -> Draft:
    """The migration, not tried yet. Raises NotComputable."""
    up, down = difference(wanted, found, added=added), difference(found, wanted, added=added)
    return draft(target, name, section_of(up), section_of(down), now)


def _tried(trial: TrialDatabase, found: Schema, baseline: PublicBaseline, drafted: Draft) -> tuple[Observation, ...]:
    """What a person should know of the migration. Raises NotComputable if it does not lead to the database's schema."""
    examined = trial.examine(drafted.content)
    notes = accept_findings(examined.findings)
    if examined.after is not None:
        refuse_differing(schema_difference(found, baseline.under(examined.after)).names)
    return notes


def _write_and_adopt(connection: Connection, state: State, drafted: Draft, fingerprint: str) -> None:
    """Files and ledger row, both or none."""
    project = drafted.target.project
    project.announce_change(connection)
    write(drafted)
    try:
        target = load_target(project)
        migration = target.set.migrations[-1]
        context = target.context
        content = target.contents((migration,))[migration.path]
        trust.approve(project, [trust.Candidate.of(migration, content)])
        row = row_of(len(state.stack) + 1, migration, content, context)
        adopt(connection, state, (row,), context, action="capture", fingerprint=fingerprint)
    except BaseException:
        # a commit whose answer is lost may have happened, and without its file the migration would be reverted
        if not connection.closed and read_state(connection).stack == state.stack:
            unwrite(drafted)
        raise
