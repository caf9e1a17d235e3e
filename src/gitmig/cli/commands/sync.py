"""`gitmig sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.consent import Person, require_person
from gitmig.cli.output import can_ask, confirm, plural, print_json, say, tell, warn
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import ledger_lines, now_matches, say_rebuilt, say_synced, step_line
from gitmig.text import first_few

if TYPE_CHECKING:
    from gitmig.operations.sync import Outcome
    from gitmig.project.project import Project


@click.command("sync", short_help="Bring the database to the work tree's migrations, or to a commit's.")
@click.argument("revision", required=False, shell_complete=completion.revisions)
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option("--plan", is_flag=True, help="The same, and print the plan's hash for --confirm.")
@click.option("--confirm", metavar="HASH", help="Run the plan of this hash, or nothing.")
@click.option("--abandon", is_flag=True, help="Forget an interrupted script, and take back what it did.")
@click.option("--discard-drift", is_flag=True, help="Take back what was changed in the schema by hand.")
@click.option("--take-over", is_flag=True, help="Make a database that belongs to another project this one's.")
@click.option("--rebuild", is_flag=True, help="Make the database anew beside the old one, and carry the rows over.")
@click.option("--trust", is_flag=True, help="Run migrations that are programs, though nobody approved them yet.")
@options.yes
@options.database
@options.as_json
def command(
    revision: str | None,
    dry_run: bool,
    plan: bool,
    confirm: str | None,
    abandon: bool,
    discard_drift: bool,
    take_over: bool,
    rebuild: bool,
    trust: bool,
    yes: bool,
    database: str | None,
    as_json: bool,
) -> int:
    """Bring the database to the migrations of the work tree, or of the commit REVISION.

    What is applied and not in the target is reverted, newest first, with the down that was stored when it was
    applied; then what is missing is applied in order. Everything happens in one transaction if PostgreSQL allows it.
    """
    from gitmig import sync

    dry_run = dry_run or plan
    if confirm is not None and any((dry_run, abandon, discard_drift, rebuild)):
        raise click.UsageError("--confirm runs the plan of `gitmig sync --plan`, without options that change it")
    if rebuild and (dry_run or abandon):
        raise click.UsageError("--rebuild goes with neither --dry-run nor --abandon")
    project = options.project(database)
    if rebuild:
        return _rebuild(project, revision, ask=not (yes or as_json), take_over=take_over, as_json=as_json)
    _warn_of_database(project)
    with Reporter(quiet=as_json) as reporter:
        synced = sync(
            project,
            revision=revision,
            dry_run=dry_run,
            abandon=abandon,
            discard_drift=discard_drift,
            take_over=take_over,
            confirm=confirm,
            on_event=reporter,
            decisions=Person(agreed=yes, may_ask=not as_json, trusts=trust),
        )
    _print(synced, dry_run=dry_run, again=_again(revision, take_over=take_over) if plan else None, as_json=as_json)
    if synced.ran and revision is None:
        _keep_schema_file(project, quiet=as_json)
    _warn_of_hooks(project)
    return 0


def _warn_of_database(project: Project) -> None:
    """Say that it is another one than before, and who else uses it."""
    from gitmig.project import sharing
    from gitmig.project.binding import rebinding_notice

    for why in (rebinding_notice(project), *sharing.notices(project)):
        if why:
            warn(why)


def _again(revision: str | None, *, take_over: bool) -> str:
    """The command that syncs to the same target."""
    return " ".join(["gitmig sync", *([revision] if revision else []), *(["--take-over"] if take_over else [])])


def _print(synced: Outcome, *, dry_run: bool, again: str | None, as_json: bool) -> None:
    """What has come of it; `again` is the command that runs the plan of a dry run, if its hash is asked for."""
    if as_json:
        print_json(json.of_sync(synced))
    elif dry_run:
        _print_plan(synced, again)
    elif synced.rebuilt:
        say_rebuilt(synced.rebuilt)
    elif synced.ran:
        say_synced(synced)
    else:
        say(f"nothing was changed; {synced.database} is as it was")


def _keep_schema_file(project: Project, *, quiet: bool) -> None:
    """The database is where it shall be, whatever becomes of the file."""
    if project.settings.schema_file is None:
        return
    from gitmig.errors import GitmigError
    from gitmig.operations.dump import keep_schema_file

    try:
        written = keep_schema_file(project)
    except GitmigError as error:
        warn(f"{error.message}; {error.hint}" if error.hint else error.message)
    else:
        if written and not quiet:
            say(f"wrote      {written}")


def _warn_of_hooks(project: Project) -> None:
    """Say if the database will not follow the next checkout; where nobody has installed hooks, only to a person."""
    from gitmig.git.hooks import trouble

    found = trouble(project.repository)
    if found and (can_ask() or not found.never):
        warn(str(found))


def _print_plan(synced: Outcome, again: str | None) -> None:
    if synced.unfinished:
        say(f"  {synced.unfinished} was interrupted outside a transaction and would be finished first")
    if synced.drift:
        is_new = not synced.plan.keep and not synced.plan.reverts
        why = "no migration made, see `gitmig adopt`" if is_new else "changed by hand"
        say(f"  a sync would be refused: {why}: {first_few(synced.drift.names)}")
    for step in synced.plan.steps:
        say(step_line(step))
    for line in ledger_lines(synced.plan):
        say(line)
    if not synced.plan:
        say(now_matches(synced))
    else:
        reverts, applies = len(synced.plan.reverts), len(synced.plan.applies)
        followed = f" and let {plural(len(synced.plan.moves), 'row')} follow" if synced.plan.moves else ""
        if synced.plan.replacement:
            followed = f", replace {len(synced.plan.replacement.going)} without a script{followed}"
        say(f"dry run: would revert {reverts}, apply {applies}{followed} on {synced.database}; nothing was changed")
    if again and (synced.plan or synced.unfinished):
        say(f"plan {synced.hash}: `{again} --confirm {synced.hash}` runs exactly this")


def _rebuild(project: Project, revision: str | None, *, ask: bool, take_over: bool, as_json: bool) -> int:
    """Rebuild the project's database after asking, on a terminal; returns the exit status."""
    from gitmig.operations.rebuild import rebuild_to

    require_person(project, "to make the database anew")
    if ask and can_ask():
        tell("The database is made anew beside the old one, which is kept; everybody has to leave it for a moment.")
        if not confirm("Go on?", default=True):
            say("nothing was changed")
            return 0
    with Reporter(quiet=as_json) as reporter:
        rebuilt = rebuild_to(project, revision=revision, take_over=take_over, notify=reporter)
    if as_json:
        print_json(json.of_rebuild(rebuilt))
    else:
        say_rebuilt(rebuilt)
    return 0
