"""`gitmig verify`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from gitmig.cli import completion, json, options
from gitmig.cli.consent import scratch_consent
from gitmig.cli.output import plural, print_json, say, table
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import why_flawed

if TYPE_CHECKING:
    from gitmig.operations.verify import Verified


@click.command("verify", short_help="Does every down undo its up? Tried on a scratch database.")
@click.argument("what", metavar="[REVISION|RANGE]", required=False, shell_complete=completion.ranges)
@click.option("--all", "everything", is_flag=True, help="Every migration of the set, not only what is new.")
@click.option("--strict", is_flag=True, help="Exit with 1 for irreversible migrations and column order, too.")
@options.trust
@options.database
@options.as_json
def command(what: str | None, everything: bool, strict: bool, trust: bool, database: str | None, as_json: bool) -> int:
    """Run up, down and up again of each migration on a scratch database, with rows planted, and compare the schemas.

    By default these are the migrations that the branch adds to the default branch, committed or not; for a commit
    REVISION those that it adds, for a range A..B those that B has and A has not. Exits with 1 if a down does not undo
    its up, or a script fails.
    """
    from gitmig import Weight, verify

    consent = scratch_consent(given=trust, may_ask=not as_json)
    with Reporter() as reporter:
        found = verify(options.project(database), what, everything=everything, consent=consent, on_event=reporter)
    if as_json:
        print_json(json.of_verify(found))
    else:
        _print(found)
    return int(found.has(Weight.FINDING) or (strict and found.has(Weight.NOTE)))


def _print(found: Verified) -> None:
    selection = found.selection
    rows = [
        (v.migration.label, finding.outcome.value, why_flawed(finding))
        for v in found.verdicts
        for finding in v.findings
    ]
    rows += [(migration.label, "not reached", "an up before it fails") for migration in found.unreached]
    table(("migration", "outcome", ""), rows)
    counts = Counter(outcome for _, outcome, _ in rows)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    of_set = plural(len(selection.target.set), "migration")
    say(f"verified {len(found.verdicts)} of {of_set} ({selection.words}){': ' if told else ''}{told}")
