"""Measure gitmig against its peers: `python benchmarks --server postgresql://postgres@localhost:5432 --write`.

Exits with 0 if every promise that could be measured was kept, 1 if one was not, 3 if a tool failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import report
from bench import Bench, Result
from databases import Databases, embedded_server
from peers import GITMIG, PEERS, installed
from process import CommandFailed, environment
from scenarios import SCENARIOS
from sites import Sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peers import Peer

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main() -> int:
    """Measure, print, and write if asked to; returns the exit status."""
    options = parse()
    peers = installed(dict(options.tool))
    if GITMIG not in peers:
        print("error: gitmig is not installed\nhint: `pip install -e .`, or --tool gitmig=PATH", file=sys.stderr)
        return 3
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gitmig-benchmark-")))
        clean = environment(root)
        server = options.server or stack.enter_context(embedded_server(peers[GITMIG].program, root / "server", clean))
        databases = Databases(server)
        stack.callback(databases.drop_all)
        missing = [peer.name for peer in PEERS if peer.name not in peers]
        facts = report.facts(databases.version(), list(peers.values()), missing)
        print(report.as_text(facts), flush=True)
        results = measure(options, Sites(root, databases, clean), peers)
    print(f"\npromises\n{report.as_text(report.promises(results))}")
    if options.write:
        kept = report.conflicts(DOCUMENT.read_text(encoding="utf-8"))
        DOCUMENT.write_text(report.as_markdown(options.rounds, facts, results) + kept, encoding="utf-8")
    return int(any(promise.verdict == "FAIL" for result in results for promise in result.promises))


def measure(options: argparse.Namespace, sites: Sites, peers: Mapping[str, Peer]) -> list[Result]:
    """Run the scenarios and print each as soon as it is through."""
    bench = Bench(
        sites=sites,
        peers=peers,
        migrations=options.migrations,
        length=options.length,
        rounds=options.rounds,
        rows=options.rows,
        history=options.history,
        progress=progress,
    )
    results = []
    for name in options.only or SCENARIOS:
        results.append(SCENARIOS[name](bench))
        progress("")
        print(f"\n{results[-1].title}, seconds\n{report.as_text(report.times(results[-1]))}", flush=True)
    return results


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python benchmarks", description="Measure gitmig against its peers.")
    add = parser.add_argument
    add("--server", metavar="URL", help="a PostgreSQL server (default: the embedded one)")
    add("--migrations", type=positive, default=300, metavar="N", help="how many each tool gets (%(default)s)")
    add("--length", type=positive, default=5000, metavar="N", help="migrations in the long history (%(default)s)")
    add("--rounds", type=positive, default=9, metavar="N", help="paired runs (%(default)s)")
    add("--rows", type=positive, default=2_000_000, metavar="N", help="rows of the big table (%(default)s)")
    add(
        "--history",
        metavar="CLONE@OLD..NEW[:FOLDER]",
        default="",
        help="a public history for far-checkout, and where its migrations are (default: a generated one)",
    )
    add("--only", nargs="+", choices=list(SCENARIOS), metavar="NAME", help=", ".join(SCENARIOS))
    add("--tool", type=tool, action="append", default=[], metavar="NAME=PATH", help="where a tool is")
    add("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write needs all scenarios: leave out --only")
    return options


def positive(text: str) -> int:
    """A number from one on. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from one on")
    return int(text)


def tool(text: str) -> tuple[str, str]:
    """`NAME=PATH`. Raises ArgumentTypeError."""
    name, _, path = text.partition("=")
    if name not in {peer.name for peer in PEERS} or not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=PATH of {', '.join(peer.name for peer in PEERS)}")
    return name, str(Path(path).absolute())


def progress(text: str) -> None:
    """What is going on, on one line of the terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CommandFailed, psycopg.Error) as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)
