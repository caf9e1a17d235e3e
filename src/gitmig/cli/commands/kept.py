"""`gitmig kept`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.consent import PersonWhoUndoes, require_person
from gitmig.cli.output import confirm, plural, print_json, say, short, table, tell
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import advice, ledger_lines, staying_line, waits_for, why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.operations.kept import KeptEntry
    from gitmig.rows.items import Item, Report

ROWS = 20


@click.group("kept", invoke_without_command=True, short_help="Rows that syncs kept: list, restore, drop; undo a sync.")
@options.database
@options.as_json
@click.pass_context
def command(context: click.Context, database: str | None, as_json: bool) -> int:
    """Look at the rows and values that migrations took away, put them back by hand, or drop them.

    Without a command, list them.
    """
    if context.invoked_subcommand is None:
        return _list(database, as_json=as_json)
    if database or as_json:
        raise click.UsageError(f"options go behind the command: gitmig kept {context.invoked_subcommand} …")
    return 0


@command.command("list", short_help="List what is kept.")
@options.database
@options.as_json
def list_(database: str | None, as_json: bool) -> int:
    """List what is kept, oldest first."""
    return _list(database, as_json=as_json)


@command.command("show", short_help="Show the rows of an item.")
@click.argument("item", type=int, shell_complete=completion.kept_numbers)
@click.option("-n", "--max-count", "limit", type=click.IntRange(min=1), default=ROWS, help="At most so many rows.")
@options.database
@options.as_json
def show(item: int, limit: int, database: str | None, as_json: bool) -> int:
    """Show the rows of ITEM, a number from `gitmig kept list`."""
    from gitmig.operations import kept

    found = kept.show(options.project(database), item, limit, notify=Reporter())
    if as_json:
        print_json(json.of_kept_rows(found))
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
        tell(f"{len(found.rows):,} of {plural(found.item.rows, 'row')}; -n shows more")
    return 0


@command.command("restore", short_help="Put kept rows back now.")
@click.argument("item", type=int, required=False, shell_complete=completion.kept_numbers)
@options.database
def restore(item: int | None, database: str | None) -> int:
    """Put the rows and values of ITEM back into its table as that is now.

    A sync does so by itself where it can. By hand, kept values win over those that stand there. Without ITEM,
    everything that has a place is put back, and nobody's work since is overwritten.
    """
    from gitmig.operations import kept

    project = options.project(database)
    if item is None:
        return _restore_all(*kept.restore_all(project, notify=Reporter()))
    found, report = kept.restore(project, item, notify=Reporter())
    _say_restored(report)
    for staying in report.staying:
        say(f"still kept, {plural(staying.rows, 'row')} of {found.table}: {why(staying.reason, staying.detail)}")
    return 1 if report.staying else 0


@command.command("drop", short_help="Drop kept rows for good.")
@click.argument("items", type=int, nargs=-1, shell_complete=completion.kept_numbers)
@click.option("--all", "everything", is_flag=True, help="Drop everything that is kept.")
@options.yes
@options.database
def drop(items: tuple[int, ...], everything: bool, yes: bool, database: str | None) -> int:
    """Drop the rows of ITEMS for good."""
    from gitmig.operations import kept

    if bool(items) == everything:
        raise click.UsageError("name items, or say --all")
    project = options.project(database)
    require_person(project, "to drop kept rows")
    what = "everything that is kept" if everything else f"{plural(len(items), 'item')} with all rows"
    if not yes and not confirm(f"Drop {what}?"):
        say("nothing was changed")
        return 0
    for item in kept.drop(project, None if everything else items, notify=Reporter()):
        say(f"dropped {item.id}: {plural(item.rows, 'row')} of {item.what}")
    return 0


@command.command("undo", short_help="Take the database back to what it was before the last sync.")
@options.yes
@options.database
def undo(yes: bool, database: str | None) -> int:
    """Take the database back to what it was before the last sync, after showing what was written since.

    Of values that both sides have changed those from before the sync count; the others are kept.
    """
    from gitmig.operations.undo import undo

    project, person = options.project(database), PersonWhoUndoes(agreed=yes, command="kept undo")
    require_person(project, "to undo a sync")
    with Reporter() as reporter:
        undone = undo(project, notify=reporter, decisions=person)
    if not undone.ran:
        say(f"nothing was changed; {undone.database} is as it was")
        return 0
    for line in ledger_lines(undone.plan):
        say(line)
    at = f" at commit {short(undone.target.commit)}" if undone.target.commit else ""
    say(f"{undone.database} is as it was before the last sync{at} ({plural(len(undone.target.set), 'migration')})")
    tell("`gitmig sync` leads to the migrations of the work tree again")
    return 0


def _list(database: str | None, *, as_json: bool) -> int:
    from gitmig.operations import kept

    entries = kept.kept(options.project(database), notify=Reporter())
    if as_json:
        print_json([json.of_kept(entry) for entry in entries])
    elif entries:
        table(("number", "migration", "what", "rows", "size", "kept", "waits for"), list(map(_cells, entries)))
        if text := advice(entries):
            tell(text)
    else:
        say("nothing is kept")
    return 0


def _restore_all(left: Sequence[Item], others: int, report: Report) -> int:
    _say_restored(report)
    for item in left:
        say(staying_line(item).strip())
    if others:
        say(f"{plural(others, 'item')} {'waits' if others == 1 else 'wait'} for more: `gitmig kept` says for what")
    elif not (left or report.restored):
        say("nothing is kept")
    return 1 if left else 0


def _say_restored(report: Report) -> None:
    for restored in report.restored:
        say(f"put {plural(restored.rows, 'row')} back into {restored.table}")


def _cells(entry: KeptEntry) -> list[str]:
    from gitmig.text import as_size

    item = entry.item
    return [
        str(item.id),
        f"{item.direction.sign} {item.label}",
        item.what,
        f"{item.rows:,}",
        as_size(item.bytes),
        f"{item.kept_at:%Y-%m-%d %H:%M}",
        waits_for(entry),
    ]
