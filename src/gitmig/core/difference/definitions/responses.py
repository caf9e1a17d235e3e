"""What the database does by itself: triggers, rules and policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.core.difference.definitions import Names


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger or a rule: its statement, and when it fires (O, D, R, A)."""

    definition: str
    enabled: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; the command is *, r, a, w or d."""

    command: str
    permissive: bool
    roles: Names
    using: str | None
    check: str | None


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """An event trigger."""

    event: str
    function: str
    enabled: str
    tags: Names | None
