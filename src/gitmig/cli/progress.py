"""A progress bar on a terminal, a line now and then where there is none; both on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitmig.cli.render import tell
from gitmig.core.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress

ROUND = 50  # steps between two lines


class Bar:
    """Counts steps, of which each has a label, up to `total`; `noun` names them in the lines."""

    def __init__(self, total: int, noun: str) -> None:
        self._total = total
        self._noun = noun
        self._done = 0
        self._progress: Progress | None = _progress(total) if total and sys.stderr.isatty() else None

    def advance(self, label: str) -> None:
        """One step more is done."""
        self._done += 1
        if self._progress:
            self._progress.update(self._progress.task_ids[0], advance=1, description=visible(label))
        elif self._done % ROUND == 0 and self._done < self._total:
            tell(f"{self._done} of {self._total} {self._noun} …")

    def close(self) -> None:
        """Take the bar away."""
        if self._progress:
            self._progress.stop()
            self._progress = None


def _progress(total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    progress.add_task("", total=total)
    progress.start()
    return progress
