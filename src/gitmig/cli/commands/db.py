"""`gitmig db`."""

from __future__ import annotations

import os

import click

from gitmig.cli import options
from gitmig.cli.render import say


@click.group("db", short_help="The database: its URL, a psql; start, stop or reset the embedded server.")
def command() -> None:
    """Look after the database, above all the embedded PostgreSQL of this clone."""


@command.command("url", short_help="Print the URL for other programs.")
@options.database
def url(database: str | None) -> int:
    """Print the database's URL for other programs, password included if it has one."""
    from gitmig.operations import embedded

    say(embedded.url(options.project(database)))
    return 0


@command.command(
    "psql",
    short_help="Run psql on the database.",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Run psql on the database; ARGUMENTS are psql's own, as in: gitmig db psql -c 'TABLE comments'."""
    from gitmig.operations import embedded

    client = embedded.psql(options.project())
    os.execve(client.program, [client.program, *arguments], client.environment)  # noqa: S606 - becomes psql


@command.command("start", short_help="Start the embedded PostgreSQL.")
def start() -> int:
    """Start the embedded PostgreSQL; gitmig does so by itself when it needs it."""
    from gitmig.operations import embedded

    project = options.project()
    say("started" if embedded.start(project) else "already running")
    return 0


@command.command("stop", short_help="Stop the embedded PostgreSQL; its data stays.")
def stop() -> int:
    """Stop the embedded PostgreSQL; its data stays."""
    from gitmig.operations import embedded

    say("stopped" if embedded.stop(options.project()) else "not running")
    return 0


@command.command("reset", short_help="Make the embedded database anew, empty.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> int:
    """Drop this work tree's embedded database, rows included, and make an empty one."""
    from gitmig.operations import embedded

    project = options.project()
    question = f"Drop embedded database {project.embedded_name} with all its rows?"
    if not yes and not click.confirm(question, err=True):
        say("nothing was changed")
        return 0
    embedded.reset(project)
    say(f"{project.embedded_name} is empty; `gitmig sync` builds it")
    return 0
