"""Results as text for the terminal and as Markdown for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import date
from typing import TYPE_CHECKING

from versions import version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench import Promise, Result
    from peers import Peer

Table = list[tuple[str, ...]]
PROMISES = ("promise", "measured", "at most", "")

INTRODUCTION = """\
# Benchmarks

Written by `python benchmarks --server URL --write`; see `benchmarks/`. Whole processes, run in turn on one server, each
tool with a database of its own; {rounds} rounds after one that does not count. Times are medians, in seconds. Ratios
are medians of the rounds' ratios, so that other work on the machine weighs little. After every run that migrates, the
tables are counted.

psql sends all migrations as one file in one transaction and keeps no ledger: it is what PostgreSQL itself needs.
dbmate is the binary that its npm package wraps, where there is one; "dbmate (npm)" is the wrapper, which starts node
first. The promise is held against the binary. dbmate dumps no schema and alembic configures no logging. Compiled
Python modules are cached for every tool alike.

The far checkout goes there and back by `gitmig sync REVISION`, with no rows and with three in every table, through a
generated history in which some downs are wrong, or through a public one (`--history CLONE@OLD..NEW`). psql runs the
same scripts in the same order, in one transaction, on copies of the database; where one of them fails, statement by
statement. A sync with nothing to do is taken off gitmig's time. COPY takes the column of the big table out with its
key, and in again into a table with that key.
"""


def facts(server_version: str, peers: Sequence[Peer], missing: Sequence[str]) -> Table:
    """What was measured where; no names of machines, no paths."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    found: Table = [
        ("date", date.today().isoformat()),
        ("machine", f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"),
        ("load before", f"{os.getloadavg()[1]:.1f} (5 minutes)"),
        ("PostgreSQL", server_version),
        ("git", git),
        ("Python", platform.python_version()),
        *((peer.name, version(peer.name, peer.program)) for peer in peers),
    ]
    return found + [(name, "not installed") for name in missing]


def times(result: Result) -> Table:
    """A row per candidate; the last column says how the subject compares with it."""
    samples, subject = result.samples, result.subject
    heading = ("", "median", "fastest", *([f"{subject} / this"] if subject else []))
    rows: Table = [heading]
    for name in sorted(samples.seconds, key=samples.median):
        ratio = [_figure(samples.ratio(subject, name))] if subject else []
        rows.append((name, f"{samples.median(name):.3f}", f"{samples.fastest(name):.3f}", *ratio))
    return rows


def promises(results: Sequence[Result]) -> Table:
    """A row per promise."""
    return [PROMISES, *(_promise(promise) for result in results for promise in result.promises)]


def as_text(table: Table) -> str:
    """Aligned columns: the first to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*table)]
    lines = (
        "  ".join(cell.rjust(width) if k else cell.ljust(width) for k, (cell, width) in enumerate(zip(row, widths)))
        for row in table
    )
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def as_markdown(rounds: int, described: Table, results: Sequence[Result]) -> str:
    """The whole of docs/benchmarks.md."""
    parts = [INTRODUCTION.format(rounds=rounds), "## Promises", _markdown(promises(results))]
    for result in results:
        parts += [f"## {result.title[:1].upper()}{result.title[1:]}", _markdown(times(result))]
    parts += ["## Measured with", _markdown([("what", "which"), *described])]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def conflicts(document: str) -> str:
    """The last part of docs/benchmarks.md, about conflicts, which is not written here; empty if there is none."""
    _, heading, rest = document.partition("\n## Conflicts before a merge\n")
    return heading + rest


def _promise(promise: Promise) -> tuple[str, ...]:
    return promise.text, _figure(promise.measured), f"{promise.limit:.1f}", promise.verdict


def _figure(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _markdown(table: Table) -> str:
    return "\n".join(_markdown_lines(table))


def _markdown_lines(table: Table) -> Iterator[str]:
    heading, *rows = table
    yield f"| {' | '.join(heading)} |"
    yield f"|---{'|---:' * (len(heading) - 1)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
