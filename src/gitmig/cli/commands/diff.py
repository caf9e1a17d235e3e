"""`gitmig diff`."""

from __future__ import annotations

import click

from gitmig.cli import options, shapes
from gitmig.cli.render import COLOURS, plural, print_json, say


@click.command("diff", short_help="How the database's schema differs from what a commit's migrations make.")
@click.argument("first", metavar="[REV]", required=False)
@click.argument("second", metavar="[REV]", required=False)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the schemas differ.")
@options.database
@options.as_json
def command(first: str | None, second: str | None, exit_code: bool, database: str | None, as_json: bool) -> int:
    """List the objects in which the database differs from the migrations of the work tree, or of a commit.

    With two revisions, compare the schemas of both commits. What a commit's migrations make is found out by running
    them in a scratch database on the same server, which is dropped again. The order of columns does not count.
    """
    from gitmig.operations.diff import diff

    found = diff(options.project(database), first, second)
    difference = found.difference
    if as_json:
        print_json(shapes.of_diff(found))
        return int(exit_code and bool(difference))
    for sign, names in (("-", difference.missing), ("+", difference.surplus), ("~", difference.changed)):
        for name in names:
            say(f"  {click.style(sign, fg=COLOURS[sign], bold=True)} {name}")
    if difference:
        say(f"{found.second} differs from {found.first} in {plural(len(difference.names), 'object')}")
    else:
        say(f"{found.second} has the schema of {found.first}")
    return int(exit_code and bool(difference))
