"""`gitmig status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import json, options
from gitmig.cli.output import plural, print_json, say, short, signed, styled
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import ledger_lines, migration_set, warn_of_flawed_downs, warn_of_left_alone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.migrations.model import Migration
    from gitmig.migrations.plan import Applied
    from gitmig.operations.status import Status
    from gitmig.project.project import Project


@click.command("status", short_help="Is the database in sync with the work tree?")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the database is out of sync.")
@click.option("--doctor", is_flag=True, help="Try hooks, interpreter and database; say what mends what is wrong.")
@options.verbose
@options.database
@options.as_json
def command(exit_code: bool, doctor: bool, verbose: bool, database: str | None, as_json: bool) -> int:
    """Compare the database with the work tree and say what a sync would do. Changes nothing."""
    from gitmig import status

    if doctor:
        return _examine(options.project(database), as_json=as_json)
    with Reporter(quiet=as_json) as reporter:
        found = status(options.project(database), on_event=reporter)
    if as_json:
        print_json(json.of_status(found))
    else:
        _print(found, verbose=verbose)
    return 1 if exit_code and not found.in_sync else 0


def _examine(project: Project, *, as_json: bool) -> int:
    """Print what is well and what is not; returns the exit status."""
    from gitmig.operations.doctor import examine

    checks = examine(project)
    if as_json:
        print_json(json.of_doctor(checks))
    else:
        for check in checks:
            word = styled("ok   ", fg="green") if check.mend is None else styled("wrong", fg="red")
            say(f"{word} {check.name:<12} {check.found}")
            if check.mend is not None:
                say(f"{'':<18} mend: {check.mend}")
    return 1 if any(check.mend is not None for check in checks) else 0


def _print(found: Status, *, verbose: bool) -> None:
    _print_where(found, verbose=verbose)
    if found.foreign is None:
        _list("pending: not applied yet", "+", found.difference.pending)
        _list("phantom: applied here, not in this work tree", "-", found.difference.phantom)
        _list("edited: applied here as it was before", "~", found.difference.edited)
        for line in ledger_lines(found.plan):
            say(line)
    if found.drift:
        for sign, name in found.drift.signed:
            say(signed(sign, f"{name} (drift)"))
    warn_of_left_alone(found.target, most=3)
    warn_of_flawed_downs(found.flawed)
    _print_verdict(found)


def _print_where(found: Status, *, verbose: bool) -> None:
    """Which database it is, and what is to be known about it."""
    state, members = found.state, found.target.set
    say(f"database   {found.database}, from {found.source}")
    if passed_over := found.target.project.passed_over:
        say(f"url        passed over what is meant for other programs: {', '.join(passed_over)}")
    say(f"commit     {short(found.target.commit)}, {migration_set(len(members), members.id, verbose=verbose)}")
    at = f", last synced to {short(state.commit)}" if state.commit else ""
    say(f"applied    {migration_set(len(state.stack), state.set_id, verbose=verbose)}{at}")
    if found.protected:
        say("protected  hooks leave it alone, and nothing reverts or rebuilds it (`gitmig db unprotect`)")
    if found.hooks:
        say(f"hooks      {found.hooks}")
    if state.unfinished:
        done = plural(state.unfinished.done, "statement")
        say(f"unfinished {state.unfinished.row.label} was interrupted after {done}")


def _print_verdict(found: Status) -> None:
    if found.untrusted and found.foreign is None:
        what = plural(len(found.untrusted), "script")
        say(f"not trusted, so no hook runs it: {', '.join(found.untrusted[:3])} (`gitmig trust` shows {what})")
    if found.foreign:
        say(f"{styled('not this project', fg='red')}: {found.foreign.message}")
        say(str(found.foreign.hint))
    elif found.in_sync:
        say(styled("in sync", fg="green"))
    elif found.drift and not found.state.stack:
        say(f"{styled('not adopted', fg='red')}: the database has a schema that no migration made")
        say("`gitmig adopt` marks as applied what another tool has applied; until then `gitmig sync` is blocked")
    elif found.drift:
        say(f"{styled('drift', fg='red')}: the schema was changed by hand, so `gitmig sync` is blocked")
        say("`gitmig capture` makes a migration of it, `gitmig sync --discard-drift` takes it back")
        if found.difference.pending:
            say("`gitmig adopt` marks as applied what is pending, if another tool has applied it")
    elif found.blocked:
        say(f"{styled('out of sync', fg='red')}: `gitmig sync` is blocked, {found.blocked.message}")
        say(str(found.blocked.hint))
    elif found.plan.irreversible and not found.verified:
        blocking = found.plan.irreversible[0].label
        say(f"{styled('out of sync', fg='red')}: `gitmig sync` is blocked, {blocking} has no down section")
    else:
        counts = f"reverts {len(found.plan.reverts)} and applies {len(found.plan.applies)}"
        replaced = ", and changes the ledger where the schema is the same" if found.plan.replacement else ""
        say(f"{styled('out of sync', fg='red')}: `gitmig sync` {counts}{replaced}")


def _list(word: str, sign: str, members: Sequence[Migration | Applied]) -> None:
    for member in members:
        say(signed(sign, f"{member.label} ({word})"))
