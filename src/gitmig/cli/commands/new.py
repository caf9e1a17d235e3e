"""`gitmig new`."""

from __future__ import annotations

import sys

import click

from gitmig.cli import options
from gitmig.cli.findings import warn_of
from gitmig.cli.render import say, warn


@click.command("new", short_help="Write the file of a new migration.")
@click.argument("title", required=False)
@click.option("--sql", "pieces", multiple=True, metavar="SQL", help="What its up does; the down is computed.")
@click.option("--irreversible", is_flag=True, help="With --sql: write it without a down if none can be computed.")
@options.database
def command(title: str | None, pieces: tuple[str, ...], irreversible: bool, database: str | None) -> int:
    """Write an empty migration called TITLE that sorts behind all others, with an up and a down section.

    With --sql, as often as you like or - for standard input, both sections are filled: the down is computed, and
    tried on a scratch database before the file is written.
    """
    if pieces:
        return _compose(title, pieces, irreversible, database)
    if title is None:
        raise click.UsageError("Missing argument 'TITLE'.")
    if irreversible:
        raise click.UsageError("--irreversible goes with --sql; delete the down section of an empty migration")
    from gitmig.operations.new import new

    for path in new(options.project(database), title).paths:
        say(path)
    return 0


def _compose(title: str | None, pieces: tuple[str, ...], irreversible: bool, database: str | None) -> int:
    from gitmig.operations.compose import compose

    texts = [sys.stdin.read() if piece == "-" else piece for piece in pieces]
    composed = compose(options.project(database), texts, title=title, irreversible=irreversible)
    warn_of(composed.notes)
    if composed.obstacle is not None:
        warn(f"{composed.label} has no down section: there will be no way back before it")
    for path in composed.paths:
        say(path)
    return 0
