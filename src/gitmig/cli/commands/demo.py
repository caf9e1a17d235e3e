"""`gitmig demo`."""

from __future__ import annotations

import click

from gitmig.cli.output import say, styled


@click.command("demo", short_help="Play the two-branch story in a temporary repository.")
@click.option("--keep", is_flag=True, help="Leave the repository and its server for you to look at.")
def command(keep: bool) -> int:
    """Make a repository, migrate its database on two branches and switch between them, for real.

    Every command is printed and run by your git and this gitmig, on an embedded PostgreSQL; the demo's own database
    is all it touches.
    """
    from gitmig.operations.demo import play

    for piece in play(keep=keep):
        colour = {"command": "cyan", "comment": "green"}.get(piece.kind)
        for line in piece.text.splitlines():
            prefix = {"command": "$ ", "comment": "# "}.get(piece.kind, "  ")
            say(styled(prefix + line, fg=colour, bold=piece.kind == "command"))
    return 0
