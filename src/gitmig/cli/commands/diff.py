"""`gitmig diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.consent import scratch_consent
from gitmig.cli.output import plural, print_json, say, say_exactly, warn
from gitmig.cli.wording import difference_lines

if TYPE_CHECKING:
    from gitmig.schema.compare import ComputedDifference


@click.command("diff", short_help="How the database's schema differs from what a commit's migrations make.")
@click.argument("first", metavar="[REVISION]", required=False, shell_complete=completion.revisions)
@click.argument("second", metavar="[REVISION]", required=False, shell_complete=completion.revisions)
@click.option("--sql", "as_sql", is_flag=True, help="Print SQL that turns the first schema into the second.")
@click.option("-R", "--reverse", is_flag=True, help="Take the second schema for the first.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the schemas differ.")
@options.trust
@options.database
@options.as_json
def command(
    first: str | None,
    second: str | None,
    as_sql: bool,
    reverse: bool,
    exit_code: bool,
    trust: bool,
    database: str | None,
    as_json: bool,
) -> int:
    """List the objects in which the database differs from the migrations of the work tree, or of a commit.

    With two revisions, compare the schemas of both commits. What a commit's migrations make is found out by running
    them in a scratch database on the same server, which is dropped again. The order of columns does not count.
    """
    from gitmig.operations.diff import diff

    found = diff(
        options.project(database),
        first,
        second,
        reverse=reverse,
        as_sql=as_sql,
        consent=scratch_consent(given=trust, may_ask=not as_json),
    )
    difference = found.difference
    if as_json:
        print_json(json.of_diff(found))
        return int(exit_code and bool(difference))
    if found.sql is not None:
        _print_sql(found.sql)
        return int(exit_code and bool(difference))
    for line in difference_lines(difference):
        say(line)
    if difference:
        say(f"{found.second} differs from {found.first} in {plural(len(difference.names), 'object')}")
    else:
        say(f"{found.second} has the schema of {found.first}")
    return int(exit_code and bool(difference))


def _print_sql(change: ComputedDifference) -> None:
    for statement in change.statements:
        say_exactly(f"{statement};")
    for name in change.unhandled:
        warn(f"no SQL can be computed for {name}")
