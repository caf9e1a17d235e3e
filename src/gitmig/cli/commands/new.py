"""`gitmig new`."""

from __future__ import annotations

import sys

import click

from gitmig.cli import completion, options
from gitmig.cli.output import plural, say, tell, warn
from gitmig.cli.wording import warn_of
from gitmig.migrations.languages.templates import LANGUAGES


@click.command("new", short_help="Write the file of a new migration.")
@click.argument("title", required=False)
@click.option("--language", type=click.Choice(LANGUAGES), help="Write it as a program in this language.")
@click.option("--sql", "pieces", multiple=True, metavar="SQL", help="What its up does; the down is computed.")
@click.option("--irreversible", is_flag=True, help="With --sql: write it without a down if none can be computed.")
@click.option(
    "--squash",
    "upto",
    is_flag=False,
    flag_value="",
    metavar="[UPTO]",
    shell_complete=completion.migrations,
    help="One migration for all up to UPTO.",
)
@click.option("--leave-data", is_flag=True, help="With --squash: without the data statements that cannot be kept.")
@options.database
def command(
    title: str | None,
    language: str | None,
    pieces: tuple[str, ...],
    irreversible: bool,
    upto: str | None,
    leave_data: bool,
    database: str | None,
) -> int:
    """Write an empty migration called TITLE that sorts behind all others, with an up and a down section.

    With --language it is a program. With --sql, as often as you like or - for standard input, both sections are filled:
    the down is computed, and tried on a scratch database before the file is written. With --squash, one migration is
    written in the place of all up to the version UPTO, or of all there are, whose files are removed.
    """
    if language and (pieces or irreversible or upto is not None):
        raise click.UsageError("--language goes with an empty migration only")
    if upto is not None:
        if pieces or irreversible:
            raise click.UsageError("--squash goes with neither --sql nor --irreversible")
        return _squash(title, upto or None, leave_data, database)
    if leave_data:
        raise click.UsageError("--leave-data goes with --squash")
    if pieces:
        return _compose(title, pieces, irreversible, database)
    if title is None:
        raise click.UsageError("Missing argument 'TITLE'.")
    if irreversible:
        raise click.UsageError("--irreversible goes with --sql; delete the down section of an empty migration")
    from gitmig.operations.new import new

    for path in new(options.project(database), title, language=language).paths:
        say(path)
    return 0


def _squash(title: str | None, upto: str | None, leave_data: bool, database: str | None) -> int:
    from gitmig.operations.new import squash

    made = squash(options.project(database), upto, title=title, leave_data=leave_data)
    warn_of(made.notes)
    for one in made.left_out:
        warn(f"left out, it fails behind the schema: {one.place}")
    if made.differing:
        warn(f"a new database will have other rows in {', '.join(made.differing)}")
    tell(f"removed {plural(len(made.removed), 'file')}, as the proof went well")
    for path in made.paths:
        say(path)
    return 0


def _compose(title: str | None, pieces: tuple[str, ...], irreversible: bool, database: str | None) -> int:
    from gitmig.operations.new import compose

    texts = [sys.stdin.read() if piece == "-" else piece for piece in pieces]
    composed = compose(options.project(database), texts, title=title, irreversible=irreversible)
    warn_of(composed.notes)
    if composed.obstacle is not None:
        warn(f"{composed.label} has no down section: there will be no way back before it")
    for path in composed.paths:
        say(path)
    return 0
