"""`gitmig adopt`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.consent import Person
from gitmig.cli.output import plural, print_json, say
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import difference_lines

if TYPE_CHECKING:
    from gitmig.operations.adopt import Adopted

MOST_PENDING = 3


@click.command("adopt", short_help="Mark as applied what another tool has applied to the database.")
@click.argument("revision", required=False, shell_complete=completion.revisions)
@click.option("--with-drift", is_flag=True, help="Also if the schema is not what the migrations make.")
@options.yes
@options.database
@options.as_json
def command(revision: str | None, with_drift: bool, yes: bool, database: str | None, as_json: bool) -> int:
    """Mark the migrations of the work tree, or of the commit REVISION, that are applied already as applied.

    Which those are, the table of the tool says that applied them (dbmate, golang-migrate, sqlx, diesel, goose, Alembic,
    Django), else the schema. It is compared with that of a fresh build; nothing is run.
    """
    from gitmig.operations.adopt import adopt

    person = Person(agreed=yes, may_ask=not as_json, command="adopt")
    adopted = adopt(
        options.project(database), revision=revision, with_drift=with_drift, notify=Reporter(), decisions=person
    )
    if as_json:
        print_json(json.of_adopt(adopted))
    elif adopted.ran:
        _print(adopted)
    else:
        say(f"nothing was changed; {adopted.database} is as it was")
    return 0


def _print(adopted: Adopted) -> None:
    say(f"found      {_source(adopted)}")
    say(f"schema     {_comparison(adopted)}")
    if adopted.drift:
        for line in difference_lines(adopted.drift):
            say(line)
    if adopted.pending:
        names = [migration.label for migration in adopted.pending[:MOST_PENDING]]
        more = len(adopted.pending) - len(names)
        say(f"pending    {', '.join(names)}{f' and {more} more' if more else ''}")
    count, last = plural(len(adopted.applied), "migration"), adopted.applied[-1].label
    say(f"{adopted.database}: adopted {count}, up to {last}; nothing was run")
    say(f"next       {_next(adopted)}")


def _source(adopted: Adopted) -> str:
    if adopted.journal:
        return f"{adopted.journal.table}, the table of {adopted.journal.tool.name}"
    if not adopted.alike:
        return f"no other tool's table; the nearest schema is that after {adopted.applied[-1].label}"
    if len(adopted.alike) == 1:
        return f"no other tool's table; the schema is that after {adopted.alike[0].label}"
    same = ", ".join(migration.label for migration in adopted.alike)
    return f"no other tool's table; the schema is the same after {same}: the last of them counts"


def _comparison(adopted: Adopted) -> str:
    if not adopted.verified:
        return 'not compared with a fresh build: verify is "never"'
    if adopted.drift:
        count = len(adopted.drift.names)
        return (
            f"differs from a fresh build in {plural(count, 'object')}, which {'is' if count == 1 else 'are'} drift now"
        )
    return "that of a fresh build"


def _next(adopted: Adopted) -> str:
    if adopted.drift:
        return "`gitmig capture` makes a migration of the drift, `gitmig sync --discard-drift` takes it back"
    if not adopted.target.snapshot.is_work_tree:
        return "`gitmig sync` brings the database to the work tree"
    reverts, applies = len(adopted.plan.reverts), len(adopted.plan.applies)
    if reverts:
        return f"`gitmig sync` reverts {reverts} and applies {applies}: what is pending comes before what is applied"
    if applies:
        return f"`gitmig sync` applies {applies}"
    return "`git switch`: with the hooks of `gitmig init`, the database follows the checkout from here on"
