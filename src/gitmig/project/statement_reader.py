"""The statements of many source files: two processes read them, for it is the processor that takes the time.

The other process is a Python with the module path of this one, which is handed its files and hands back statements as
JSON. Without it, or whatever is wrong with it, this one reads them all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from gitmig.check.clients.statements import Statement, statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

Source = tuple[str, str]  # path and text
# Characters, which take a second: about what the other process needs to start.
WORTH_IT = 500_000
# The module path comes as arguments, before anything is imported: the folder it is called in may have a `json.py`.
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from gitmig.project.statement_reader import answer; answer()"


def read_statements(sources: Sequence[Source]) -> list[list[Statement]]:
    """The statements of each file, in the order of the files."""
    mine, others = _halves(sources)
    with _other_process([sources[k] for k in others]) as other:
        found = {k: statements(*sources[k]) for k in mine}
        answers = other and _read(other)
    if not answers or len(answers) != len(others):
        answers = [statements(*sources[k]) for k in others]
    found.update(zip(others, answers))
    return [found[k] for k in range(len(sources))]


def answer() -> None:
    """Be the other process."""
    found = [statements(path, text) for path, text in json.load(sys.stdin)]
    json.dump([[one.to_json() for one in each] for each in found], sys.stdout)


def _halves(sources: Sequence[Source]) -> tuple[list[int], list[int]]:
    """The places of files that make up about one half each; all of them first, if they are not worth a process."""
    longest_first = sorted(range(len(sources)), key=lambda k: -len(sources[k][1]))
    if sum(len(text) for _, text in sources) < WORTH_IT or (os.cpu_count() or 1) < 2:
        return longest_first, []
    halves: tuple[list[int], list[int]] = ([], [])
    sizes = [0, 0]
    for k in longest_first:
        smaller = sizes.index(min(sizes))
        halves[smaller].append(k)
        sizes[smaller] += len(sources[k][1])
    return halves


@contextmanager
def _other_process(sources: Sequence[Source]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]] | None]:
    """It and the file that it writes to; None if there is nothing to do, or it does not start."""
    if not sources or not sys.executable:
        yield None
        return
    with TemporaryFile() as asked, TemporaryFile() as answered:
        asked.write(json.dumps(sources).encode())
        asked.seek(0)
        command = [sys.executable, "-c", PROGRAM, *filter(None, sys.path)]
        try:
            other = subprocess.Popen(command, stdin=asked, stdout=answered, stderr=subprocess.DEVNULL)
        except OSError:
            yield None
            return
        with other:
            try:
                yield other, answered
            finally:
                other.kill()


def _read(other: tuple[subprocess.Popen[bytes], IO[bytes]]) -> list[list[Statement]] | None:
    process, answered = other
    if process.wait() != 0:
        return None
    answered.seek(0)
    try:
        found: list[list[Any]] = json.load(answered)
        return [[Statement.from_json(kept) for kept in each] for each in found]
    except (ValueError, TypeError, KeyError):
        return None
