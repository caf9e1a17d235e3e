"""`gitmig sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options, rebuilding, shapes
from gitmig.cli.observer import Watcher
from gitmig.cli.render import ledger_lines, plural, print_json, say, short, step_line, warn
from gitmig.core.repair import named

if TYPE_CHECKING:
    from gitmig.operations.sync import Outcome


@click.command("sync", short_help="Bring the database to the work tree's migrations, or to a commit's.")
@click.argument("revision", required=False)
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option("--abandon", is_flag=True, help="Forget an interrupted script, and take back what it did.")
@click.option("--discard-drift", is_flag=True, help="Take back what was changed in the schema by hand.")
@click.option("--take-over", is_flag=True, help="Make a database that belongs to another project this one's.")
@click.option("--rebuild", is_flag=True, help="Make the database anew beside the old one, and carry the rows over.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.database
@options.as_json
def command(
    revision: str | None,
    dry_run: bool,
    abandon: bool,
    discard_drift: bool,
    take_over: bool,
    rebuild: bool,
    yes: bool,
    database: str | None,
    as_json: bool,
) -> int:
    """Bring the database to the migrations of the work tree, or of the commit REVISION.

    What is applied and not in the target is reverted, newest first, with the down that was stored when it was
    applied; then what is missing is applied in order. Everything happens in one transaction if PostgreSQL allows it.
    """
    from gitmig.operations.sync import sync
    from gitmig.operations.trust import rebinding_notice

    watcher = Watcher(may_ask=not (yes or as_json), quiet=as_json, agreed=yes)
    if rebuild:
        if dry_run or abandon:
            raise click.UsageError("--rebuild goes with neither --dry-run nor --abandon")
        ask = not (yes or as_json)
        return rebuilding.run(
            options.project(database), watcher, revision, ask=ask, take_over=take_over, as_json=as_json
        )
    project = options.project(database)
    if why := rebinding_notice(project):
        warn(why)
    try:
        outcome = sync(
            project,
            watcher,
            revision=revision,
            dry_run=dry_run,
            abandon=abandon,
            discard_drift=discard_drift,
            take_over=take_over,
        )
    finally:
        watcher.close()
    if as_json:
        print_json(shapes.of_sync(outcome))
    elif dry_run:
        show_plan(outcome)
    elif outcome.rebuilt:
        rebuilding.show(outcome.rebuilt)
    elif outcome.ran:
        watcher.moved(outcome.plan)
        say(summary(outcome))
    else:
        say(f"nothing was changed; {outcome.database} is as it was")
    return 0


def summary(outcome: Outcome) -> str:
    """Where the database is now."""
    target = outcome.target
    on = f"commit {short(target.commit)}"
    if target.snapshot.is_work_tree:
        on = f"the work tree on {short(target.commit)}" if target.commit else "the work tree"
    now = "now matches" if outcome.plan else "matches"
    return f"{outcome.database} {now} {on} ({plural(len(target.set), 'migration')})"


def show_plan(outcome: Outcome) -> None:
    """The plan of a dry run."""
    if outcome.unfinished:
        say(f"  {outcome.unfinished} was interrupted outside a transaction and would be finished first")
    if outcome.drift:
        is_new = not outcome.plan.keep and not outcome.plan.reverts
        why = "no migration made, see `gitmig adopt`" if is_new else "changed by hand"
        say(f"  a sync would be refused: {why}: {named(outcome.drift.names)}")
    for step in outcome.plan.steps:
        say(step_line(step))
    for line in ledger_lines(outcome.plan):
        say(line)
    if not outcome.plan:
        say(summary(outcome))
    else:
        reverts, applies = len(outcome.plan.reverts), len(outcome.plan.applies)
        followed = f" and let {plural(len(outcome.plan.moves), 'row')} follow" if outcome.plan.moves else ""
        if outcome.plan.replacement:
            followed = f", replace {len(outcome.plan.replacement.going)} without a script{followed}"
        say(f"dry run: would revert {reverts}, apply {applies}{followed} on {outcome.database}; nothing was changed")
