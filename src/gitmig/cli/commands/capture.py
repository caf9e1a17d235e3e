"""`gitmig capture`."""

from __future__ import annotations

import click

from gitmig.cli import json, options
from gitmig.cli.output import plural, print_json, say
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import difference_lines, warn_of


@click.command("capture", short_help="Make a migration of what was changed in the database by hand.")
@click.argument("title", required=False)
@options.database
@options.as_json
def command(title: str | None, database: str | None, as_json: bool) -> int:
    """Write what somebody changed in the database by hand as a migration, called TITLE, and mark it as applied.

    Both sections are computed, and tried on a scratch database before the file is written.
    """
    from gitmig.operations.capture import capture

    found = capture(options.project(database), title, notify=Reporter())
    if as_json:
        print_json(json.of_capture(found))
        return 0
    if found.label is None:
        say(f"{found.database} has the schema of its migrations: there is nothing to capture")
        return 0
    warn_of(found.notes)
    for line in difference_lines(found.drift):
        say(line)
    for path in found.paths:
        say(path)
    count = plural(len(found.drift.names), "object")
    say(f"{found.database}: captured {count} as {found.label}, which counts as applied")
    if found.pending:
        say(
            f"`gitmig sync` puts {plural(len(found.pending), 'pending migration')} below it: {', '.join(found.pending)}"
        )
    return 0
