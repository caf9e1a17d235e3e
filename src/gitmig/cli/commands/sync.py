"""`gitmig sync`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gitmig.cli import json, options
from gitmig.cli.output import confirm, ledger_lines, plural, print_json, say, short, step_line, tell, warn
from gitmig.cli.reporter import Watcher
from gitmig.execute.repair import named

if TYPE_CHECKING:
    from gitmig.operations.rebuild import Rebuilt
    from gitmig.operations.sync import Outcome
    from gitmig.project.project import Project


LONGEST_LIST = 10  # lines about what was set aside


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
    from gitmig import sync
    from gitmig.project.trust import rebinding_notice

    watcher = Watcher(may_ask=not (yes or as_json), quiet=as_json, agreed=yes)
    if rebuild:
        if dry_run or abandon:
            raise click.UsageError("--rebuild goes with neither --dry-run nor --abandon")
        ask = not (yes or as_json)
        return _rebuild(options.project(database), watcher, revision, ask=ask, take_over=take_over, as_json=as_json)
    project = options.project(database)
    if why := rebinding_notice(project):
        warn(why)
    try:
        outcome = sync(
            project,
            revision,
            dry_run=dry_run,
            abandon=abandon,
            discard_drift=discard_drift,
            take_over=take_over,
            observer=watcher,
        )
    finally:
        watcher.close()
    if as_json:
        print_json(json.of_sync(outcome))
    elif dry_run:
        show_plan(outcome)
    elif outcome.rebuilt:
        show_rebuilt(outcome.rebuilt)
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


def _rebuild(
    project: Project, watcher: Watcher, revision: str | None, *, ask: bool, take_over: bool, as_json: bool
) -> int:
    """Rebuild the project's database after asking, on a terminal; returns the exit status."""
    from gitmig.operations.rebuild import rebuild_to

    if ask and sys.stdin.isatty() and sys.stderr.isatty() and not _agreed():
        say("nothing was changed")
        return 0
    try:
        rebuilt = rebuild_to(project, watcher, revision=revision, take_over=take_over)
    finally:
        watcher.close()
    if as_json:
        print_json(json.of_rebuild(rebuilt))
    else:
        show_rebuilt(rebuilt)
    return 0


def show_rebuilt(rebuilt: Rebuilt) -> None:
    """What came along, what did not, where the old database is."""
    tables = [carried for carried in rebuilt.carried if carried.rows]
    say(f"  carried {plural(rebuilt.rows, 'row')} of {plural(len(tables), 'table')}")
    for aside in rebuilt.aside[:LONGEST_LIST]:
        say(f"  set aside {plural(aside.rows, 'row')} of {aside.table} as item {aside.item}: {aside.reason}")
    if len(rebuilt.aside) > LONGEST_LIST:
        say(f"  … and of {plural(len(rebuilt.aside) - LONGEST_LIST, 'more table')}")
    for note in rebuilt.notes:
        warn(note)
    say(f"  the old database is kept as {rebuilt.kept_as}; `gitmig db prune` drops it")
    target = rebuilt.target
    where = "the work tree on " if target.snapshot.is_work_tree and target.commit else "commit "
    on = f"{where}{short(target.commit)}" if target.commit else "the work tree"
    say(f"{rebuilt.database} was built anew and matches {on} ({plural(len(target.set), 'migration')})")


def _agreed() -> bool:
    tell("The database is made anew beside the old one, which is kept; everybody has to leave it for a moment.")
    return confirm("Go on?", default=True)
