"""A function as something that can be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Call:
    """Runs a function."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run
