"""Printing: plain text for a pipe, colour and tables for a terminal. stdout is the result, stderr is progress."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Plan, Step
    from gitmig.core.schema import SchemaDifference

COLOURS = {"+": "green", "-": "red", "~": "yellow"}


def plural(count: int, noun: str) -> str:
    """`1 migration`, `2 migrations`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def short(object_id: str | None) -> str:
    """A commit id as people write it."""
    return object_id[:10] if object_id else "no commit yet"


def say(text: str = "") -> None:
    """A line of the result."""
    click.echo(text)


def tell(text: str) -> None:
    """A line of progress or warning."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """A warning on stderr."""
    tell(f"{click.style('warning:', fg='yellow')} {text}")


def print_json(value: Any) -> None:
    """One JSON document."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def step_line(step: Step, milliseconds: float | None = None) -> str:
    """`+ 20260101120000_create_comments`, with the time if it ran."""
    sign = step.direction.sign
    took = "" if milliseconds is None else click.style(f"  ({_duration(milliseconds)})", dim=True)
    return f"  {click.style(sign, fg=COLOURS[sign], bold=True)} {step.label}{took}"


def move_lines(plan: Plan) -> list[str]:
    """One line per migration that is called something else from now on."""
    sign = click.style("~", fg=COLOURS["~"], bold=True)
    return [f"  {sign} {m.applied.label} is now {m.desired.migration.label}" for m in plan.moves if m.renamed]


def difference_lines(difference: SchemaDifference) -> list[str]:
    """One line per object: `-` only in the first schema, `+` only in the second, `~` in both and not the same."""
    groups = (("-", difference.missing), ("+", difference.surplus), ("~", difference.changed))
    return [f"  {click.style(sign, fg=COLOURS[sign], bold=True)} {name}" for sign, names in groups for name in names]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, tab separated lines without headings in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def _duration(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
