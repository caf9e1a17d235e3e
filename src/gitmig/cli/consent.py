"""Asking about scripts that are not trusted: showing them, and what it means to run them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitmig.cli.output import confirm, plural, say, say_text, styled, tell
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.project.trust import Candidate

MEANS = "a script can do on that server what your role can do: as a superuser, run programs there (COPY … TO PROGRAM)"


def scratch_consent(*, given: bool, may_ask: bool = True) -> Callable[[Sequence[Candidate]], None]:
    """What asks before untrusted scripts run on a scratch database; with `given`, `--trust` has said yes."""

    def ask(found: Sequence[Candidate]) -> None:
        if given:
            return
        what = f"{plural(len(found), 'script')} that this clone does not trust: {names(found)}"
        if may_ask and sys.stdin.isatty() and sys.stderr.isatty():
            tell(f"This runs, on a scratch database of the same server, {what}.")
            tell(f"Nothing of your own database is meant to be touched, but {MEANS}.")
            if confirm("Run them?"):
                return
            raise GitmigError("nothing was run", hint="`gitmig trust` shows and approves scripts")
        raise GitmigError(
            f"this would run, on a scratch database of the same server, {what}",
            hint=f"--trust runs them this once, `gitmig trust [REV]` shows and approves them; {MEANS}",
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
