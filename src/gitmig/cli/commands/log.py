"""`gitmig log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.output import plural, print_json, say, signed, styled, warn

if TYPE_CHECKING:
    from gitmig.operations.log import LogEntry


@click.command("log", short_help="The commits that changed the migrations, and where the database is.")
@click.argument("revision", default="HEAD", shell_complete=completion.revisions)
@click.option("-n", "--max-count", "limit", type=click.IntRange(min=1), help="At most so many commits.")
@options.database
@options.as_json
def command(revision: str, limit: int | None, database: str | None, as_json: bool) -> int:
    """List the commits reachable from REVISION that changed the migration set, newest first.

    `*` marks the newest one whose set the database has.
    """
    from gitmig.operations.log import log

    found = log(options.project(database), revision, limit)
    if as_json:
        print_json([json.of_log(entry) for entry in found.entries])
    else:
        for entry in found.entries:
            _print(entry)
    if found.unavailable:
        warn(f"{found.unavailable}; no commit can be marked as the database's")
    return 0


def _print(entry: LogEntry) -> None:
    mark = styled("*", fg="green", bold=True) if entry.here else " "
    commit = entry.commit
    count = plural(entry.record.count, "migration") if entry.record else "invalid migrations"
    say(f"{mark} {styled(commit.id[:10], fg='yellow')} {commit.at[:10]} {count:>14}  {commit.subject}")
    if entry.record is None:
        return
    groups = (("+", entry.record.added), ("-", entry.record.removed), ("~", entry.record.edited))
    for sign, labels in groups:
        for label in labels:
            say(f"    {signed(sign, label)}")
