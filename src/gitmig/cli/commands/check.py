"""`gitmig check`: one branch, all branches as pairs and a matrix, or the meaning of a code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.consent import scratch_consent
from gitmig.cli.formats import FORMATS, exit_status, render
from gitmig.cli.output import plural, print_json, say, say_text, styled, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.operations.check import Clients
    from gitmig.operations.check_all import BranchConflicts, ConflictingPair

OTHERS = [name for name in FORMATS if name != "json"]  # that is --json, as everywhere


@click.command("check", short_help="Can the migrations of two branches live together?")
@click.argument("base", metavar="[BASE]", required=False, shell_complete=completion.revisions)
@click.argument("revision", required=False, shell_complete=completion.revisions)
@click.option("--prove", is_flag=True, help="Run both orders on a scratch database and compare the schemas.")
@click.option("--scratch", metavar="URL", help="Prove on this server, or on the `embedded` one; implies --prove.")
@click.option(
    "--clients",
    type=click.Choice(["words", "sql", "rollback"]),
    help="Look through source code by its words, or try its SQL, also as after a rollback; --prove tries it anyway.",
)
@click.option("--no-clients", is_flag=True, help="Do not look for source code that uses what the branch takes away.")
@click.option("--no-lint", is_flag=True, help="Do not ask squawk, also if it is installed.")
@click.option("--all", "every", is_flag=True, help="Compare every branch with the base and with every other one.")
@click.option("--against", "pattern", metavar="PATTERN", help="With --all: only branches whose names fit.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.option(
    "--format", "form", type=click.Choice(OTHERS), default="text", help="How to print it, if not as text or JSON."
)
@click.option("--explain", metavar="CODE", help="Say what the finding of a code means, and nothing else.")
@options.trust
@options.as_json
def command(
    base: str | None,
    revision: str | None,
    prove: bool,
    scratch: str | None,
    clients: Clients | None,
    no_clients: bool,
    no_lint: bool,
    every: bool,
    pattern: str | None,
    strict: bool,
    form: str,
    explain: str | None,
    trust: bool,
    as_json: bool,
) -> int:
    """Say before a merge whether the migrations of both sides can live together.

    Compares the work tree, or REVISION, with the tip of BASE: origin's default branch if none is named. Nothing of
    yours is changed, no file, ref or database. Exits with 1 if a finding is an error, with 3 if it cannot be decided.
    """
    if explain is not None:
        _refuse("--explain says what a finding means", {"BASE": base, "--all": every, "--prove": prove})
        return _explain(explain, as_json=as_json)
    if pattern and not every:
        raise click.UsageError("--against goes with --all")
    if as_json and form != "text":
        raise click.UsageError("--json does not go with --format")
    if clients and no_clients:
        raise click.UsageError("--clients does not go with --no-clients")
    if every:
        given = {"REVISION": revision, "--prove": prove, "--clients": clients, "--scratch": scratch}
        _refuse("--all compares all branches", {**given, "--format": form != "text"})
        return _check_all(base, pattern, as_json=as_json)
    from gitmig import check

    found = check(
        options.project(),
        base,
        revision,
        prove=prove,
        scratch=scratch,
        clients=clients or not no_clients,
        lint=not no_lint,
        consent=scratch_consent(given=trust, may_ask=not as_json),
    )
    say_text(render("json" if as_json else form, found))
    return exit_status(found.findings, strict=strict)


def _check_all(base: str | None, pattern: str | None, *, as_json: bool) -> int:
    from gitmig.operations.check_all import check_all

    found = check_all(options.project(), base, pattern)
    if as_json:
        print_json(json.of_branch_conflicts(found))
    else:
        print_pairs(found)
    return int(bool(found.pairs))


def _explain(code: str, *, as_json: bool) -> int:
    from gitmig.cli import explanation

    rule = explanation.find_rule(code)
    if as_json:
        print_json(explanation.as_json(rule))
    else:
        say_text(explanation.as_text(rule))
    return 0


def _refuse(what: str, given: Mapping[str, object]) -> None:
    """Raise UsageError for arguments and options that were given and have no meaning here."""
    for name, value in given.items():
        if value:
            raise click.UsageError(f"{what}: it does not go with {name}")


# More columns than this fit on no terminal.
WIDEST = 40


def print_pairs(conflicts: BranchConflicts) -> None:
    """The base's pairs first, then the others, grouped by the first branch; a summary at the end."""
    shown = None
    for pair in conflicts.pairs:
        if pair.first != shown:
            say(styled(pair.first, bold=True))
            shown = pair.first
        for line in _lines(pair):
            say(line)
    if sys.stdout.isatty():
        _matrix(conflicts)
    for place, message in conflicts.unreadable:
        warn(f"{place}: {message}")
    adding = f"{len(conflicts.adding)} of {conflicts.branches} branches add migrations to {conflicts.base}"
    if conflicts.work_trees:
        adding += f"; {plural(len(conflicts.work_trees), 'work tree')} with uncommitted ones"
    verdict = f"{plural(len(conflicts.pairs), 'pair')} will conflict" if conflicts.pairs else "no conflicts"
    say(f"{styled(verdict, fg='red' if conflicts.pairs else 'green', bold=True)}: {adding}")


def _lines(pair: ConflictingPair) -> list[str]:
    first, *more = pair.findings
    others = f" (and {len(more)} more)" if more else ""
    return [f"  {styled('×', fg='red')} {pair.second}", f"      {first.code}: {first.message}{others}"]


def _matrix(conflicts: BranchConflicts) -> None:
    """Which branch conflicts with which, for the branches that do."""
    names = list(dict.fromkeys(name for pair in conflicts.pairs for name in (pair.first, pair.second)))
    if not 2 < len(names) <= WIDEST:
        return
    conflicting = {frozenset((pair.first, pair.second)) for pair in conflicts.pairs}
    width = max(map(len, names))
    say()
    say(f"{'':{width + 4}}" + "".join(f"{k:>3}" for k in range(1, len(names) + 1)))
    for k, name in enumerate(names, 1):
        cells = ["×" if frozenset((name, other)) in conflicting else "·" for other in names]
        cells[k - 1] = " "
        say(f"{k:>3} {name:<{width}}" + "".join(f"{cell:>3}" for cell in cells))
    say()
