"""`gitmig new`."""

from __future__ import annotations

import click

from gitmig.cli import options
from gitmig.cli.render import say


@click.command("new", short_help="Write the file of a new migration.")
@click.argument("title")
def command(title: str) -> int:
    """Write an empty migration called TITLE that sorts behind all others, with an up and a down section."""
    from gitmig.operations.new import new

    for path in new(options.project(), title).paths:
        say(path)
    return 0
