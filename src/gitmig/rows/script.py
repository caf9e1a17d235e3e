"""A script, as far as rows are concerned: something that can be run."""

from __future__ import annotations

from typing import Protocol


class Runnable(Protocol):
    """A script, or what stands in for one."""

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""
