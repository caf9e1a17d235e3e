"""`gitmig check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options, shapes
from gitmig.cli.render import plural, print_json, say, short
from gitmig.core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.findings import Finding
    from gitmig.operations.check import Checked

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@click.command("check", short_help="Can the migrations of two branches live together?")
@click.argument("base", metavar="[BASE]", required=False)
@click.argument("revision", metavar="[REV]", required=False)
@click.option("--all", "every", is_flag=True, help="Compare every branch with the base and with every other one.")
@click.option("--against", "pattern", metavar="PATTERN", help="With --all: only branches whose names fit.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@options.as_json
def command(
    base: str | None, revision: str | None, every: bool, pattern: str | None, strict: bool, as_json: bool
) -> int:
    """Say before a merge whether the migrations of both sides can live together.

    Compares the work tree, or REV, with the tip of BASE: origin's default branch if none is named. Nothing is changed
    and no database is asked. Exits with 1 if a finding is an error.
    """
    if pattern and not every:
        raise click.UsageError("--against goes with --all")
    if every:
        return _radar(base, revision, pattern, as_json=as_json)
    from gitmig.operations.check import check

    checked = check(options.project(), base, revision)
    if as_json:
        print_json(shapes.of_check(checked))
    else:
        _print(checked)
    return exit_code(checked.findings, strict=strict)


def _radar(base: str | None, revision: str | None, pattern: str | None, *, as_json: bool) -> int:
    if revision:
        raise click.UsageError("--all compares all branches: name a base at most")
    from gitmig.cli.radar import print_radar
    from gitmig.operations.radar import radar

    found = radar(options.project(), base, pattern)
    if as_json:
        print_json(shapes.of_radar(found))
    else:
        print_radar(found)
    return int(bool(found.pairs))


def exit_code(findings: Sequence[Finding], *, strict: bool) -> int:
    """1 if there is an error, or, `strict`, a warning."""
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(finding.severity in bad for finding in findings))


def _print(checked: Checked) -> None:
    for finding in checked.findings:
        for line in lines_of(finding):
            say(line)
    added = f"{checked.ours.name} adds {plural(len(checked.ours_added), 'migration')}"
    theirs = f"{checked.base.name} {len(checked.theirs_added)}"
    say(f"{_summary(checked.findings)}: {added}, {theirs}, since {short(checked.merge_base)}")


def lines_of(finding: Finding) -> list[str]:
    """A finding as people read it: what, where, what to do, and how sure."""
    word = click.style(finding.severity.value, fg=COLOURS[finding.severity], bold=True)
    lines = [f"{word} {finding.code}: {finding.message}"]
    if finding.path:
        lines.append(f"  at {finding.path}" + (f":{finding.line}" if finding.line else ""))
    lines.append(f"  hint: {finding.hint}")
    if finding.doubt:
        lines.append(f"  not certain: {finding.doubt}")
    return lines


def _summary(findings: Sequence[Finding]) -> str:
    counts = [(severity, sum(f.severity is severity for f in findings)) for severity in Severity]
    said = [plural(count, severity.value) for severity, count in counts if count]
    return click.style(", ".join(said), bold=True) if said else click.style("no conflicts", fg="green")
