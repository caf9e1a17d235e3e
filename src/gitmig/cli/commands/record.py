"""`gitmig record`."""

from __future__ import annotations

import click

from gitmig.cli import completion, options
from gitmig.cli.output import plural, say, short, warn
from gitmig.cli.reporter import Reporter


@click.command("record", short_help="Write which migration set belongs to which commit, as git notes.")
@click.argument("revisions", nargs=-1, shell_complete=completion.revisions)
@click.option("--all", "everything", is_flag=True, help="Every commit of every branch and tag.")
def command(revisions: tuple[str, ...], everything: bool) -> int:
    """Write the records of the commits REVISIONS, or of HEAD.

    Only commits that change the migration set get one. `git log --notes=gitmig` shows them, and
    `git push origin +refs/notes/gitmig` shares them; what was fetched to `refs/notes/origin/gitmig` is added.
    """
    from gitmig.operations.record import record

    if revisions and everything:
        raise click.UsageError("name revisions or say --all, not both")
    written = record(options.project(), revisions, everything=everything, notify=Reporter())
    for commit, reason in written.refused.items():
        warn(f"no record for {short(commit)}: {reason}")
    if written.written or written.unchanged or everything:
        say(f"{plural(len(written.written), 'record')} written, {written.unchanged} already right")
    elif not written.refused:
        say("nothing to record: no migration is changed there")
    return 0
