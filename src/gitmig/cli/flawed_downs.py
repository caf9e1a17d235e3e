"""Words for downs that cannot run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.render import warn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.problem import Problem


def flawed_downs(found: Iterable[Problem]) -> None:
    """Warn of each; they fail when they are needed."""
    for problem in found:
        warn(f"{problem.place}: the down cannot run: {problem.message}")
