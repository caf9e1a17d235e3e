"""Asking about scripts that are not trusted: showing them, and what it means to run them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitmig.cli.render import confirm, plural, say, say_text, styled, tell
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.operations.trust import Candidate

MEANS = "a script can do there what your role can do: as the server's superuser, run programs (COPY … TO PROGRAM)"


def scratch_consent(*, given: bool) -> Callable[[Sequence[Candidate]], None]:
    """What asks before untrusted scripts run on a scratch database; with `given`, `--trust` has said yes."""

    def ask(found: Sequence[Candidate]) -> None:
        if given:
            return
        what = f"{plural(len(found), 'script')} not trusted in this clone: {names(found)}"
        if sys.stdin.isatty() and sys.stderr.isatty():
            tell(f"This runs {what}.")
            tell(f"Nothing of your database is meant to be touched, but {MEANS}.")
            if confirm("Run them?", default=False):
                return
        raise GitmigError(
            f"this would run {what}",
            hint=f"{MEANS}; `gitmig trust REV` shows and approves them, --trust runs them this once",
        )

    return ask


def show(found: Sequence[Candidate]) -> None:
    """Print scripts whole."""
    for one in found:
        say(styled(f"{one.path}", bold=True))
        for section, text in one.scripts:
            say(f"-- {section}")
            say_text(text.strip("\n"))
        say()


def names(found: Sequence[Candidate]) -> str:
    """The first few labels."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"{', '.join(one.label for one in found[:3])}{more}"
