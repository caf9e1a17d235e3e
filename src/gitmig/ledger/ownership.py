"""Whose ledger is it: which of its migrations tell one project from another, and what is said about another one's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import LeftToSync
from gitmig.migrations import languages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gitmig.migrations.plan import Applied

# Written by a tool into every project that it sets up.
SET_UP = frozenset({"00000000000000_diesel_initial_setup"})
# What many projects begin with, word for word.
ORDINARY = re.compile(r"(create\s+(extension|schema)|comment\s+on|set|reset|select\s+1)\b", re.IGNORECASE)
# More migrations than two projects have in common by chance.
CHANCE = 3
# git's id of an empty file, which every project may have.
EMPTY = frozenset(
    {
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    }
)


class Origin(Struct, frozen=True, kw_only=True):
    """What a ledger tells of itself: how many migrations, the first and the last, and who applied that, and when."""

    count: int
    first: str
    last: str
    by: str
    at: datetime | None
    commit: str | None

    def __str__(self) -> str:
        names = self.first if self.count == 1 else f"{self.count} migrations, {self.first} to {self.last}"
        at = f" on {self.at:%Y-%m-%d %H:%M}" if self.at else ""
        commit = f" at commit {self.commit[:10]}" if self.commit else ""
        return f"{names}, {'the last ' if self.count > 1 else ''}by {self.by}{at}{commit}"


class ForeignLedger(LeftToSync):
    """The ledger is another project's, as far as this clone can tell; `origin` is what it says of itself."""

    def __init__(self, message: str, *, hint: str, origin: Origin) -> None:
        super().__init__(message, hint=hint)
        self.origin = origin


def up_blobs(applied: Applied) -> frozenset[str]:
    """The ids of the files its up was read from. That of a down says little: many are empty."""
    parts = (part.partition(":") for part in applied.blobs.split())
    return frozenset(blob for role, _, blob in parts if role not in {"down", "options"}) - EMPTY


def is_telling(label: str, language: str, up: str) -> bool:
    """Whether the migration is one that no other project will have by chance."""
    known = languages.by_name(language)
    units = [unit.text for unit in known.units(up)]
    return label not in SET_UP and not all(ORDINARY.match(text) for text in units)


def are_enough(known: Sequence[Applied], stack: Sequence[Applied]) -> bool:
    """Whether it does not matter any more which ones are known."""
    return len(known) >= min(CHANCE, len(stack))
