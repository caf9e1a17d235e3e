"""`gitmig init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmig.cli import completion
from gitmig.cli.consent import hook_files_consent
from gitmig.cli.output import plural, say, warn
from gitmig.cli.wording import hook_words, not_installed, say_hook_files
from gitmig.errors import LeftToSync

if TYPE_CHECKING:
    from gitmig.operations.init import Initialised


@click.command("init", short_help="Set a repository up: folder, settings, hooks, ledger.")
@click.option("--dir", "folder", metavar="FOLDER", help="The migrations folder, from the top of the repository.")
@click.option(
    "--layout",
    shell_complete=completion.layouts,
    help="How migrations are written: single, paired, directory, goose, alembic, django (default: detected).",
)
@click.option(
    "--bootstrap",
    type=click.Path(path_type=Path),
    help="SQL that fresh scratch and embedded databases need first; never run on yours.",
)
@click.option("--database", metavar="URL", help="Use this database, and store its URL in this clone's git config.")
def command(folder: str | None, layout: str | None, bootstrap: Path | None, database: str | None) -> int:
    """Set the repository up: migrations folder, gitmig.toml, hooks and ledger. Safe to run again."""
    from gitmig.operations.init import init

    made = init(
        Path.cwd(),
        folder=folder,
        layout=layout,
        database=database,
        bootstrap=bootstrap,
        consent=hook_files_consent(agreed=False),
    )
    for path in made.created:
        say(f"wrote      {path}")
    say(f"migrations {made.folder}/, layout {made.layout} ({made.why})")
    for hook in made.installation.hooks:
        say(f"hook       {hook.name} {hook_words(hook)}")
    say_hook_files(made.installation)
    if error := not_installed(made.installation):
        warn(f"{error.message}; {error.hint}")
    if made.separated:
        say("git        work trees can have settings of their own: core.bare is in config.worktree now")
    if database is not None:
        say("stored     the URL, password included, in git config gitmig.database of this clone")
    if made.database:
        say(f"database   {made.database} has its ledger (schema gitmig)")
    if made.foreign:
        warn(f"{made.foreign.message}; {made.foreign.hint}")
    if made.unavailable:
        warn(f"{made.unavailable.message}; {made.unavailable.hint}")
    say(f"next       {_obstacle(made) or _next(made)}")
    return 0


def _obstacle(made: Initialised) -> str | None:
    """What to do about a database that is not ready for this project."""
    if isinstance(made.unavailable, LeftToSync):
        return "use another database, or do as the warning says; then `gitmig sync`"
    if made.foreign:
        return "use another database, or take this one over: `gitmig sync --take-over`"
    if made.database is None:
        return "configure a database (see above), then `gitmig sync`; the ledger is made then"
    return None


def _next(made: Initialised) -> str:
    if made.before and made.before.journal:
        journal = made.before.journal
        return f"`gitmig adopt`: {journal.tool.name} has applied migrations here ({journal.table})"
    if made.before and made.count:
        return "`gitmig adopt`: the database has a schema already, which may be that of your migrations"
    if made.before:
        return "`gitmig capture` makes a first migration of the schema that the database has"
    if made.count:
        return f"`gitmig status`, then `gitmig sync`: the folder has {plural(made.count, 'migration')}"
    return '`gitmig new "create comments"`, write its two sections, then `gitmig sync`'
