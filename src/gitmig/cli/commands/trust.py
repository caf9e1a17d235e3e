"""`gitmig trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.output import can_ask, confirm, plural, print_json, say, say_text, styled
from gitmig.errors import GitmigError
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.project.trust import Candidate


@click.command("trust", short_help="Show the scripts that no hook may run yet, and approve them.")
@click.argument("revision", required=False, shell_complete=completion.revisions)
@click.option("-n", "--dry-run", is_flag=True, help="Show them and approve nothing.")
@click.option("-y", "--yes", is_flag=True, help="Approve without asking.")
@options.as_json
def command(revision: str | None, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Show the migrations of the work tree, or of the commit REVISION, that no hook may run, and approve them.

    Hooks run what was committed here, what branches of your remote have, and what you merged, picked, rebased onto or
    pulled. What you only look at, as a proposal from a fork, they leave alone until it is approved here.
    """
    from gitmig.project.trust import approve, untrusted_in

    project = options.project()
    found = untrusted_in(project, revision)
    if as_json:
        if yes and not dry_run:
            approve(project, found)
        print_json(json.of_trust(found, approved=yes and not dry_run))
        return 0
    if not found:
        say("every script is trusted")
        return 0
    _show(found)
    count = plural(len(found), "script")
    if dry_run:
        say(f"{count} not trusted: {first_few(found)}")
        return 0
    if not yes:
        if not can_ask():
            hint = "read them, then use --yes to approve them"
            raise GitmigError(f"{count} not approved: {first_few(found)}", hint=hint)
        if not confirm(f"Let hooks run {count}?", default=False):
            say("nothing was approved")
            return 0
    approve(project, found)
    say(f"approved {count}; `gitmig sync` brings the database to the work tree")
    return 0


def _show(found: Sequence[Candidate]) -> None:
    """Print scripts whole."""
    for one in found:
        say(styled(f"{one.path}", bold=True))
        for section, text in one.scripts:
            say(f"-- {section}")
            say_text(text.strip("\n"))
        say()
