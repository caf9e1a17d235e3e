"""`gitmig check`."""

from __future__ import annotations

import click

from gitmig.cli import options, shapes
from gitmig.cli.consent import scratch_consent
from gitmig.cli.formats import FORMATS, Report, render, status
from gitmig.cli.render import print_json, say_text


@click.command("check", short_help="Can the migrations of two branches live together?")
@click.argument("base", metavar="[BASE]", required=False)
@click.argument("revision", metavar="[REV]", required=False)
@click.option("--prove", is_flag=True, help="Run both orders on a scratch database and compare the schemas.")
@click.option("--scratch", metavar="URL", help="Prove on this server, or on the `embedded` one; implies --prove.")
@click.option("--no-clients", is_flag=True, help="Do not look for source code that uses what the branch takes away.")
@click.option("--no-lint", is_flag=True, help="Do not ask squawk, also if it is installed.")
@click.option("--all", "every", is_flag=True, help="Compare every branch with the base and with every other one.")
@click.option("--against", "pattern", metavar="PATTERN", help="With --all: only branches whose names fit.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print it.")
@options.trust
@options.as_json
def command(
    base: str | None,
    revision: str | None,
    prove: bool,
    scratch: str | None,
    no_clients: bool,
    no_lint: bool,
    every: bool,
    pattern: str | None,
    strict: bool,
    form: str,
    trust: bool,
    as_json: bool,
) -> int:
    """Say before a merge whether the migrations of both sides can live together.

    Compares the work tree, or REV, with the tip of BASE: origin's default branch if none is named. Nothing of yours is
    changed, no file, ref or database. Exits with 1 if a finding is an error, with 3 if it cannot be decided.
    """
    if pattern and not every:
        raise click.UsageError("--against goes with --all")
    if every:
        _refuse_with_all({"REV": revision, "--prove": prove, "--scratch": scratch, "--format": form != "text"})
        return _radar(base, pattern, as_json=as_json)
    from gitmig.operations.review import review

    found = review(
        options.project(),
        base,
        revision,
        prove=prove or scratch is not None,
        scratch=scratch,
        clients=not no_clients,
        lint=not no_lint,
        consent=scratch_consent(given=trust, may_ask=not as_json),
    )
    say_text(render("json" if as_json else form, Report.of(found)))
    return status(found.findings, strict=strict)


def _radar(base: str | None, pattern: str | None, *, as_json: bool) -> int:
    from gitmig.cli.radar import print_radar
    from gitmig.operations.radar import radar

    found = radar(options.project(), base, pattern)
    if as_json:
        print_json(shapes.of_radar(found))
    else:
        print_radar(found)
    return int(bool(found.pairs))


def _refuse_with_all(given: dict[str, object]) -> None:
    """Raise UsageError for what means two sides, where all branches are compared."""
    for name, value in given.items():
        if value:
            raise click.UsageError(f"--all compares all branches: it does not go with {name}")
