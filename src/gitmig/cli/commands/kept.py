"""`gitmig kept`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options, shapes
from gitmig.cli.kept_rows import why
from gitmig.cli.render import confirm, plural, print_json, say, table, tell

if TYPE_CHECKING:
    from gitmig.database.lock import Holder
    from gitmig.rows.items import Item

ROWS = 20


@click.group("kept", short_help="Rows that were kept from a sync: list, show, restore, drop.")
def command() -> None:
    """Look at the rows and values that migrations took away, put them back by hand, or drop them."""


@command.command("list", short_help="List what is kept.")
@options.database
@options.as_json
def list_(database: str | None, as_json: bool) -> int:
    """List what is kept, oldest first."""
    from gitmig.operations import kept

    items = kept.kept(options.project(database))
    if as_json:
        print_json([shapes.of_kept(item) for item in items])
    elif items:
        table(("number", "migration", "what", "rows", "size", "kept", "waits for"), [_cells(item) for item in items])
    else:
        say("nothing is kept")
    return 0


@command.command("show", short_help="Show the rows of an item.")
@click.argument("item", type=int)
@click.option("-n", "--max-count", "limit", type=click.IntRange(min=1), default=ROWS, help="At most so many rows.")
@options.database
@options.as_json
def show(item: int, limit: int, database: str | None, as_json: bool) -> int:
    """Show the rows of ITEM, a number from `gitmig kept list`."""
    from gitmig.operations import kept

    found = kept.show(options.project(database), item, limit)
    if as_json:
        print_json(shapes.of_kept_rows(found))
        return 0
    names = [column.name for column in found.item.columns]
    refused = any(waits for _, waits in found.rows)
    rows = [
        [
            *("" if row[name] is None else str(row[name]) for name in names),
            *([why(*waits) if waits else ""] if refused else []),
        ]
        for row, waits in found.rows
    ]
    table([*names, *(["why it is still here"] if refused else [])], rows)
    if found.item.rows > len(found.rows):
        tell(f"{len(found.rows)} of {plural(found.item.rows, 'row')}; -n shows more")
    return 0


@command.command("restore", short_help="Put the rows of an item back now.")
@click.argument("item", type=int)
@options.database
def restore(item: int, database: str | None) -> int:
    """Put the rows and values of ITEM back into its table as that is now.

    A sync does so by itself where it can. By hand, kept values win over those that stand there.
    """
    from gitmig.operations import kept

    found, report = kept.restore(options.project(database), item, _waiting)
    for restored in report.restored:
        say(f"put {plural(restored.rows, 'row')} back into {restored.table}")
    for staying in report.staying:
        say(f"still kept, {plural(staying.rows, 'row')} of {found.table}: {why(staying.reason, staying.detail)}")
    return 1 if report.staying else 0


@command.command("drop", short_help="Drop kept rows for good.")
@click.argument("items", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Drop everything that is kept.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.database
def drop(items: tuple[int, ...], everything: bool, yes: bool, database: str | None) -> int:
    """Drop the rows of ITEMS for good."""
    from gitmig.operations import kept

    if bool(items) == everything:
        raise click.UsageError("name items, or say --all")
    project = options.project(database)
    what = "everything that is kept" if everything else f"{plural(len(items), 'item')} with all rows"
    if not yes and not confirm(f"Drop {what}?"):
        say("nothing was changed")
        return 0
    for item in kept.drop(project, None if everything else items, _waiting):
        say(f"dropped {item.id}: {plural(item.rows, 'row')} of {item.what}")
    return 0


def _cells(item: Item) -> list[str]:
    from gitmig.core.sizes import as_size

    back = "its up" if item.direction.value == "revert" else "its down"
    back = back if item.comes_back else "`gitmig kept restore`"
    waits = (why(item.reason, item.detail) if item.reason else "its place") if item.due else back
    return [
        str(item.id),
        f"{item.direction.sign} {item.label}",
        item.what,
        str(item.rows),
        as_size(item.bytes),
        f"{item.kept_at:%Y-%m-%d %H:%M}",
        waits,
    ]


def _waiting(holder: Holder) -> None:
    tell(f"waiting for {holder.application} (process {holder.pid})")
