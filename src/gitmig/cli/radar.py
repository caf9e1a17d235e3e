"""Printing what the radar found: the pairs, and on a terminal a matrix of the branches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitmig.cli.render import plural, say, styled, warn

if TYPE_CHECKING:
    from gitmig.operations.radar import Pair, Radar

# More columns than this fit on no terminal.
WIDEST = 40


def print_radar(radar: Radar) -> None:
    """The base's pairs first, then the others, grouped by the first branch; a summary at the end."""
    shown = None
    for pair in radar.pairs:
        if pair.first != shown:
            say(styled(pair.first, bold=True))
            shown = pair.first
        for line in _lines(pair):
            say(line)
    if sys.stdout.isatty():
        _matrix(radar)
    for place, message in radar.unreadable:
        warn(f"{place}: {message}")
    adding = f"{len(radar.adding)} of {radar.branches} branches add migrations to {radar.base}"
    verdict = f"{plural(len(radar.pairs), 'pair')} will conflict" if radar.pairs else "no conflicts"
    say(f"{styled(verdict, fg='red' if radar.pairs else 'green', bold=True)}: {adding}")


def _lines(pair: Pair) -> list[str]:
    first, *more = pair.findings
    others = f" (and {len(more)} more)" if more else ""
    return [f"  {styled('×', fg='red')} {pair.second}", f"      {first.code}: {first.message}{others}"]


def _matrix(radar: Radar) -> None:
    """Which branch conflicts with which, for the branches that do."""
    names = list(dict.fromkeys(name for pair in radar.pairs for name in (pair.first, pair.second)))
    if not 2 < len(names) <= WIDEST:
        return
    conflicting = {frozenset((pair.first, pair.second)) for pair in radar.pairs}
    width = max(map(len, names))
    say()
    say(f"{'':{width + 4}}" + "".join(f"{k:>3}" for k in range(1, len(names) + 1)))
    for k, name in enumerate(names, 1):
        cells = ["×" if frozenset((name, other)) in conflicting else "·" for other in names]
        cells[k - 1] = " "
        say(f"{k:>3} {name:<{width}}" + "".join(f"{cell:>3}" for cell in cells))
    say()
