"""How anything is printed: plain for a pipe, with colours and tables on a terminal; results on stdout, else stderr.

Everything that people read goes through here. Names, messages and subjects come from strangers: their control
characters are written out, so that nobody can move the cursor, forge a line or a colour.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from gitmig.text import UNSHOWN, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.errors import GitmigError

# Of lines that begin with a sign: what comes, what goes, what changes, what is the same under another name.
COLOURS = {"+": "green", "-": "red", "~": "yellow", "=": "cyan"}

COMMIT = re.compile(r"[0-9a-f]{40,64}")


def plural(count: int, noun: str) -> str:
    """`1 migration`, `2 migrations`, `1,234 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def short(object_id: str | None) -> str:
    """A commit id as people write it."""
    return object_id[:10] if object_id else "no commit yet"


def revision_name(name: str) -> str:
    """A revision as people write it: hooks and CI name whole commit ids."""
    return short(name) if COMMIT.fullmatch(name) else name


# Stands for the beginning of gitmig's own styles until a line is printed; no stranger can guess it.
STYLE = f"\ue000{secrets.token_hex(8)}["


def styled(text: str, **style: Any) -> str:
    """A piece of a line in a style of `click.style`; a pipe gets it plain, as does who has set NO_COLOR."""
    if os.environ.get("NO_COLOR"):
        return visible(text)
    return click.style(visible(text), **style).replace("\x1b[", STYLE)


def signed(sign: str, text: str) -> str:
    """`+ text`, indented, with the sign in its colour."""
    return f"  {styled(sign, fg=COLOURS[sign], bold=True)} {text}"


def say(line: str = "") -> None:
    """A line of the result."""
    click.echo(printed(line, keep="\t"))


def tell(line: str) -> None:
    """A line of progress or warning."""
    click.echo(printed(line, keep="\t"), err=True)


def say_text(text: str) -> None:
    """A result of several lines."""
    click.echo(printed(text, keep="\t\n"))


def tell_text(text: str) -> None:
    """Several lines of progress or warning."""
    click.echo(printed(text, keep="\t\n"), err=True)


def say_exactly(text: str) -> None:
    """A result for other programs: a pipe gets it character by character, a terminal as it can be shown."""
    if sys.stdout.isatty():
        say_text(text)
    else:
        click.echo(text)


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, default: bool = False) -> bool:
    """Ask a person."""
    return click.confirm(printed(question), default=default, err=True)


def warn(text: str) -> None:
    """A warning on stderr."""
    tell(f"{styled('warning:', fg='yellow')} {text}")


def report(error: GitmigError) -> None:
    """An error on stderr: one sentence, what else is known, one hint."""
    tell(f"{styled('error:', fg='red', bold=True)} {error.message}")
    for line in error.details:
        tell(f"  {line}")
    if error.hint:
        tell(f"{styled('hint:', fg='yellow')} {error.hint}")


def print_json(value: Any) -> None:
    """One JSON document."""
    say_text(to_json(value))


def to_json(value: Any) -> str:
    """JSON in which only letters stand for themselves; parsed, it is the same."""
    return UNSHOWN.sub(_json_escape, json.dumps(value, indent=2, ensure_ascii=False))


def _json_escape(found: re.Match[str]) -> str:
    """Line ends are of the document itself; inside a text they are escaped already."""
    return found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}"


def printed(text: str, *, keep: str = "") -> str:
    """What reaches the terminal of a text that may have styled pieces."""
    return visible(text, keep=keep).replace(STYLE, "\x1b[")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, tab separated lines without headings in a pipe."""
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(map(visible, row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        drawn.add_column(Text(visible(heading)))
    for row in rows:
        drawn.add_row(*(Text(visible(cell)) for cell in row))
    Console().print(drawn)
