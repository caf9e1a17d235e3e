"""The definitions of objects as typed values: the one place that knows what stands where in the catalogs' arrays.

The fields are in the order of the arrays that `database/catalogs` writes; grants and comments, which come last there,
are kept apart. Names in them are quoted already. Kinds without a class here are compared as plain tuples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from gitmig.core.difference.definitions.relations import (
    Column,
    Constraint,
    Identity,
    Index,
    Relation,
    Sequence,
    Statistics,
)
from gitmig.core.difference.definitions.responses import EventTrigger, Policy, Trigger
from gitmig.core.difference.definitions.routines import Aggregate, Routine, State
from gitmig.core.difference.definitions.types import Composite, Domain, Enum, Range

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BARE",
    "DEFINITIONS",
    "GRANTED",
    "RAW",
    "Aggregate",
    "Column",
    "Composite",
    "Constraint",
    "Domain",
    "Enum",
    "EventTrigger",
    "Extension",
    "Identity",
    "Index",
    "Names",
    "Policy",
    "Range",
    "Relation",
    "Routine",
    "Sequence",
    "State",
    "Statistics",
    "Trigger",
    "texts",
]

GRANTED = {
    "table", "view", "materialized view", "foreign table", "column", "sequence", "schema", "enum", "composite type",
    "domain", "range", "base type", "function", "procedure", "aggregate", "language", "foreign data wrapper", "server",
}  # fmt: skip
# Kinds whose definition is no array.
RAW = {"user mapping", "extension dependency"}
# Kinds that have no comment.
BARE = RAW | {
    "published table", "published schema", "default privileges", "system privileges", "security label",
}  # fmt: skip
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension."""

    schema: str


DEFINITIONS: dict[str, type] = {
    "table": Relation,
    "foreign table": Relation,
    "view": Relation,
    "materialized view": Relation,
    "column": Column,
    "sequence": Sequence,
    "constraint": Constraint,
    "index": Index,
    "statistics": Statistics,
    "trigger": Trigger,
    "rule": Trigger,
    "policy": Policy,
    "event trigger": EventTrigger,
    "enum": Enum,
    "composite type": Composite,
    "domain": Domain,
    "range": Range,
    "function": Routine,
    "procedure": Routine,
    "aggregate": Routine,
    "extension": Extension,
}


def texts(body: Any) -> Iterator[str]:
    """Every text within a body."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, tuple):
        for one in body:
            yield from texts(one)
    elif is_dataclass(body):
        for one in fields(body):
            yield from texts(getattr(body, one.name))
