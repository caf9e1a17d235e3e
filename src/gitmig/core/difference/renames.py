"""What was only renamed: found by what is equal but for the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.core.difference.model import Model


def renamed(found: Model, wanted: Model) -> tuple[list[str], Model]:
    """The statements that rename, and the found model as it is behind them."""
    return [], found
