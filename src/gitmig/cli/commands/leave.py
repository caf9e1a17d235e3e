"""`gitmig leave`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options
from gitmig.cli.consent import hook_files_consent, require_person
from gitmig.cli.output import can_ask, confirm, plural, say, warn
from gitmig.cli.wording import say_hook_files
from gitmig.errors import UsageError

if TYPE_CHECKING:
    from gitmig.operations.leave import Belongings


@click.command(short_help="Take everything of gitmig's out of this clone and its database.")
@options.yes
@options.database
def command(yes: bool, database: str | None) -> int:
    """Take hooks, records, settings and the ledger away, after showing what there is.

    Your tables stay as they are, and so do your migrations and gitmig.toml.
    """
    from gitmig.operations.leave import leave, look

    project = options.project(database)
    found = look(project)
    _show(found)
    if not found:
        say("nothing of gitmig's is here")
        return 0
    require_person(project, "to take gitmig out")
    if not yes:
        if not can_ask():
            raise UsageError("nothing was taken away: nobody can be asked", hint="`gitmig leave --yes` confirms it")
        if not confirm("Take all this away?", default=False):
            return 0
    done = leave(project, found, consent=hook_files_consent(agreed=yes))
    say_hook_files(done)
    say(f"done       your files stay: delete {project.team_file or 'gitmig.toml'} if nobody uses gitmig any more")
    folder = project.repository.private(shared=True)
    if folder.exists():
        server = ", with the embedded server and its databases" if (folder / "postgres").exists() else ""
        say(f"           what gitmig remembers of this clone{server}: rm -r {folder}")
    return 0


def _show(found: Belongings) -> None:
    if found.hooks:
        say(f"hooks      {', '.join(found.hooks)}")
    if found.has_notes:
        say("records    refs/notes/gitmig (here; not where they were pushed to)")
    if found.settings:
        say(f"settings   git config {', '.join(found.settings)}")
    if found.schemas:
        say(f"ledger     {' and '.join(f'schema {name}' for name in found.schemas)} in {found.database}")
    if found.kept and found.schemas:
        warn(f"{plural(found.kept, 'item')} of kept rows would be lost: `gitmig kept` shows them")
    if found.stays:
        warn(f"the database stays as it is: {found.stays}")
