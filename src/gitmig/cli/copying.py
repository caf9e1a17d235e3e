"""The progress of large copies on a terminal: PostgreSQL does not tell how far one is, so it is a matter of time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gitmig.core.sizes import as_size
from gitmig.core.text import visible

if TYPE_CHECKING:
    from rich.progress import Progress

# Bytes a second until the first copy has told: CREATE TABLE AS writes 50 to 200 MB a second on a common disk.
USUAL_RATE = 60 << 20


class CopyProgress:
    """A bar for the copies that were announced one after the other, until it is stopped.

    `rate` is how many bytes a second the earlier ones took.
    """

    def __init__(self) -> None:
        self.rate = float(USUAL_RATE)
        self._progress: Progress | None = None
        self._bytes = 0
        self._began = 0.0

    def add(self, table: str, size: int) -> None:
        """Show that this table is copied, too."""
        if self._progress is None:
            self._begin()
        assert self._progress is not None  # it has just begun
        self._bytes += size
        (task,) = self._progress.task_ids
        name = visible(table)
        words = f"copying {as_size(self._bytes)}, {name} the last, {about(self._bytes / self.rate)}"
        self._progress.update(task, total=self._bytes / self.rate, description=words)

    def stop(self) -> None:
        """Take the bar away; the next estimate goes by how long this took."""
        if self._progress is None:
            return
        self._progress.stop()
        self._progress = None
        self.rate = self._bytes / max(time.monotonic() - self._began, 0.001)
        self._bytes = 0

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn

        class Clock(BarColumn):
            """A bar that follows the time, and stops short of its end."""

            def render(self, task: Task):  # type: ignore[no-untyped-def]
                task.completed = min(task.elapsed or 0, 0.95 * (task.total or 1))
                return super().render(task)

        columns: tuple[ProgressColumn, ...] = (
            Clock(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._progress.add_task("", total=1)
        self._progress.start()
        self._began = time.monotonic()


def about(seconds: float) -> str:
    """`about 20 s`, `about 3 min`: an estimate has no more digits than it is worth."""
    if seconds < 60:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} min"
