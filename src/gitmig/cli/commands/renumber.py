"""`gitmig renumber`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.output import plural, print_json, say, signed

if TYPE_CHECKING:
    from gitmig.operations.renumber import Renumbered


@click.command("renumber", short_help="Rename your migrations so that they follow the base's.")
@click.option(
    "--onto",
    metavar="BASE",
    shell_complete=completion.revisions,
    help="The branch to follow; without it origin's default branch, or main.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Show the new names and change nothing.")
@click.option("--force", is_flag=True, help="Also what remote branches of others have already.")
@options.database
@options.as_json
def command(onto: str | None, dry_run: bool, force: bool, database: str | None, as_json: bool) -> int:
    """Rename the migrations that BASE does not have so that they sort behind all of BASE's, in the order they have.

    Mentions of the old names in your migrations are renewed, and the renames are staged. A database that was in sync
    follows at once: its rows get the new names, and nothing runs.
    """
    from gitmig.operations.renumber import renumber

    done = renumber(options.project(database), onto, force=force, dry_run=dry_run)
    if as_json:
        print_json(json.of_renumber(done))
    else:
        _print(done)
    return 0


def _print(done: Renumbered) -> None:
    if not done.renamings:
        why = f"your {plural(len(done.mine), 'migration')} {'follow' if done.mine[1:] else 'follows'} {done.base}"
        say(f"nothing to rename: {why if done.mine else f'{done.base} has every migration of the work tree'}")
        return
    for one in done.renamings:
        say(signed("~", f"{one.migration.label} {'is now' if done.ran else 'would be'} {one.label}"))
    for path in done.rewritten:
        say(signed("~", f"{path} mentions the new names"))
    count = plural(len(done.renamings), "migration")
    if not done.ran:
        say(f"dry run: would rename {count} to follow {done.base}; nothing was changed")
        return
    say(f"{count} renamed to follow {done.base}; `git commit` keeps it")
    say(
        "the database has the new names"
        if done.followed
        else f"the database has the old names ({done.behind}); the next `gitmig sync` moves them"
    )
