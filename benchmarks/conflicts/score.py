"""Score tools that say whether the migrations of two branches can live together.

A tool is a command that is called in a repository, with our side in the work tree, and ends with 0 if it finds no
conflict, with 1 if it does; whatever else it ends with counts as undecided, and a conflict that is undecided as missed.
`{base}` and `{ours}` in the command are the two branches. With `--truth URL` the pairs of which `truth/` knows
nothing are run first, by psql and pg_dump, on a server of which the role may make databases.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import truth
from pairs import MADE, histories, made, of_history
from repository import Branches, Clone
from tools import ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pairs import Pair
    from truth import Truth

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- conflicts -->", "<!-- end of conflicts -->"
QUIET = "--no-lint --no-clients"
TOOLS = {
    "git merge": "git merge-tree --write-tree {base} {ours}",
    "gitmig check": f"gitmig check {QUIET} {{base}} {{ours}}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a tool says of a group's pairs."""

    conflicts: int
    fine: int
    found: int
    false: int
    undecided: int

    @property
    def row(self) -> list[str]:
        """Pairs, conflicts, found, missed, false alarms, undecided, recall, precision."""
        told = self.found + self.false
        counts = (self.conflicts, self.found, self.conflicts - self.found, self.false, self.undecided)
        return [
            str(self.conflicts + self.fine),
            *map(str, counts),
            _share(self.found, self.conflicts),
            _share(self.found, told),
        ]


HEAD = ("pairs", "tool", "all", "conflicts", "found", "missed", "false alarms", "undecided", "recall", "precision")


def main() -> int:
    """Find out the truth if asked to, score the tools, print a table, and write it if asked to."""
    options = parse()
    groups = options.only or [MADE, *(name for name, history in histories().items() if history.newest)]
    rows, told = [], []
    with tempfile.TemporaryDirectory(prefix="gitmig-conflicts-") as root:
        for group in groups:
            pairs = (
                list(made()) if group == MADE else list(of_history(histories()[group], _clone(options.clones, group)))
            )
            known = truth.read(group)
            if options.truth:
                known |= find_out(options.truth, [pair for pair in pairs if pair.name not in known])
                truth.write(group, {pair.name: known[pair.name] for pair in pairs})
            valid = [pair for pair in pairs if known.get(pair.name, truth.Truth.ALONE) is not truth.Truth.ALONE]
            branches = Branches(Path(root) / group, valid)
            for name, command in (TOOLS | dict(options.tool)).items():
                said = ask(branches, command, options.workers)
                rows.append([group, name, *score(valid, known, said).row])
                told += [line for line in wrong(name, valid, known, said) if options.verbose]
                print(" | ".join(rows[-1]), flush=True)
    print("\n".join([*told, as_markdown(rows)]))
    if options.write:
        write(rows)
    return 0


def find_out(server: str, pairs: Sequence[Pair]) -> dict[str, Truth]:
    """Run every pair, two at a time."""
    half = (len(pairs) + 1) // 2
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(partial(_find_out, server), (pairs[:half], pairs[half:]))
        return {name: found for each in halves for name, found in each.items()}


def _find_out(server: str, pairs: Sequence[Pair]) -> dict[str, Truth]:
    with closing(truth.Laboratory(server)) as laboratory:
        return {pair.name: laboratory.truth(pair) for pair in pairs}


def score(pairs: Sequence[Pair], known: Mapping[str, Truth], said: Sequence[int]) -> Score:
    """Count what a tool said."""
    both = [(known[pair.name].is_conflict, status) for pair, status in zip(pairs, said)]
    return Score(
        conflicts=sum(is_conflict for is_conflict, _ in both),
        fine=sum(not is_conflict for is_conflict, _ in both),
        found=sum(is_conflict and status == 1 for is_conflict, status in both),
        false=sum(not is_conflict and status == 1 for is_conflict, status in both),
        undecided=sum(status not in {0, 1} for _, status in both),
    )


def wrong(tool: str, pairs: Sequence[Pair], known: Mapping[str, Truth], said: Sequence[int]) -> list[str]:
    """A line for every pair about which a tool is wrong."""
    return [
        f"{tool}: {pair.group}: {pair.name}: {known[pair.name].value}, ended with {status}"
        for pair, status in zip(pairs, said)
        if status != int(known[pair.name].is_conflict)
    ]


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """The table."""
    lines = ["| " + " | ".join(row) + " |" for row in (HEAD, *rows)]
    return "\n".join([lines[0], "|---|---|" + "---:|" * (len(HEAD) - 2), *lines[1:]])


def write(rows: Sequence[Sequence[str]]) -> None:
    """Put the table into docs/benchmarks.md, between its two marks."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{as_markdown(rows)}\n\n{END}{after}", encoding="utf-8")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _clone(folder: Path, name: str) -> Clone:
    history = histories()[name]
    return Clone(folder / f"{name}.git", history.url, history.commit)


def _named(text: str) -> tuple[str, str]:
    name, sign, command = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError("write NAME=COMMAND")
    return name, command


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="score.py", description=__doc__)
    add = parser.add_argument
    add("--tool", type=_named, action="append", default=[], metavar="NAME=COMMAND", help="score this one as well")
    add("--only", action="append", metavar="GROUP", help=f"{MADE}, or the name of a history; may be repeated")
    add("--clones", type=Path, default=Path("clones"), metavar="FOLDER", help="where clones are, or go (%(default)s)")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="pairs at a time (%(default)s)")
    add("--truth", metavar="URL", help="run the pairs that are not known yet on this server")
    add("--verbose", action="store_true", help="name every pair about which a tool is wrong")
    add("--write", action="store_true", help="put the table into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
