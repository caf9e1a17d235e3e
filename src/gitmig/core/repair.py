"""Why a revert did not go as its down says, and what was done instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.schema import ObjectName, SchemaDifference

MOST_NAMES = 3


class Way(Enum):
    """How a migration was reverted."""

    AUTHORED = "authored"  # its down undid its up
    COMPLETED = "completed"  # its down ran, and what it had left was put right
    COMPUTED = "computed"  # its down was missing or of no use: the difference of both schemas ran instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A revert that needed help; `reason` says what is wrong with the migration's down, in words for people."""

    way: Way
    reason: str


def left_undone(difference: SchemaDifference) -> str:
    """What a down that ran has not undone; `difference` is from the schema that was wanted to the one it left."""
    parts = (("leaves", difference.surplus), ("lacks", difference.missing), ("changes", difference.changed))
    return f"its down does not undo its up: it {'; '.join(f'{word} {named(names)}' for word, names in parts if names)}"


def named(names: Sequence[ObjectName]) -> str:
    """The first few of them, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"
