"""Types that migrations make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitmig.core.difference.definitions import Names


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum."""

    labels: Names | None


@dataclass(frozen=True, slots=True)
class Composite:
    """A row type: name, type, collation and comment of every attribute."""

    attributes: tuple[tuple[str, str, str | None, str | None], ...] | None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain; a constraint is the JSON of name, definition and comment."""

    type: str
    not_null: bool
    default: str | None
    collation: str | None
    constraints: Names | None


@dataclass(frozen=True, slots=True)
class Range:
    """A range type; functions as `-` where there are none."""

    subtype: str
    canonical: str
    difference: str
    operator_class: str
    collation: str | None
    multirange: str
