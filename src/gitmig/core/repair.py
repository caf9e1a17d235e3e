"""Why a step did not lead where it should, and what was done instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.schema import SchemaDifference

MOST_NAMES = 3


class Way(Enum):
    """How a migration was reverted, or (the first) applied, where its script alone did not do."""

    COMPLETED = "completed"  # its script ran, and what it had left was put right
    COMPUTED = "computed"  # its down was missing or of no use: the difference of both schemas ran instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A step that needed help; `reason` says why, in words for people."""

    way: Way
    reason: str


def left_undone(difference: SchemaDifference) -> str:
    """What a down that ran has not undone; `difference` is from the schema that was wanted to the one it left."""
    parts = (("leaves", difference.surplus), ("lacks", difference.missing), ("changes", difference.changed))
    return f"its down does not undo its up: it {'; '.join(f'{word} {named(names)}' for word, names in parts if names)}"


def expanded(difference: SchemaDifference) -> str:
    """What an up has made otherwise than on a fresh database, because `*` stood for columns in another order."""
    return (
        f"an earlier revert has moved columns to the end of their tables, and {named(difference.names)} spells them out"
    )


def named(names: Sequence[object]) -> str:
    """The first few of them, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"
