"""Tables, views and sequences, and what belongs to a table.

What the database does by itself: triggers, rules and policies.

Functions, procedures and aggregates.

Types that migrations make.

The definitions of objects as typed values: the one place that knows what stands where in the catalogs' arrays.

The fields are in the order of the arrays that `database/catalogs` writes; grants and comments, which come last there,
are kept apart. Names in them are quoted already. Kinds without a class here are compared as plain tuples.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, foreign table, view or materialized view."""

    persistence: str
    row_security: bool
    forced_row_security: bool
    options: Names | None
    toast_options: Names | None
    replica_identity: str | None
    of_type: str | None
    partition_key: str | None
    method: str | None
    tablespace: str | None
    parents: Names | None
    foreign: tuple[str, Names | None] | None
    query: str | None
    column_names: Names | None
    columns: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `default` is the expression of a generated one, too."""

    type: str
    not_null: bool
    identity: str
    generated: str
    default: str | None
    local: bool
    collation: str | None
    storage: str | None
    compression: str
    statistics: int | None
    options: Names | None
    foreign_options: Names | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence; `owner` is a column."""

    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    persistence: str
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A column's identity: `a` always, `d` by default; with the name and the properties of its sequence."""

    kind: str
    name: str
    sequence: Sequence


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a table."""

    definition: str
    local: bool


@dataclass(frozen=True, slots=True)
class Index:
    """An index; `valid` is None for one of a partitioned table; `statistics` as `2:7`, column and target."""

    definition: str
    clustered: bool
    replica_identity: bool
    valid: bool | None
    tablespace: str | None
    statistics: Names | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """An extended statistics object; kinds are d, f, m and e."""

    table: str
    kinds: Names
    columns: Names | None
    expressions: Names | None
    target: int | None


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


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or procedure: its statement. An aggregate: its properties."""

    definition: Any


@dataclass(frozen=True, slots=True)
class State:
    """How an aggregate counts; `-` for functions that are not there."""

    function: str
    type: str | None
    space: int
    first: str | None
    final: str
    final_extra: bool
    final_modify: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """An aggregate; kind n, o or h; the parallel safety s, r or u."""

    arguments: str
    parallel: str
    kind: str
    sort_operator: str | None
    state: State
    combine: str
    serial: str
    deserial: str
    moving: State
    inverse: str

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Aggregate:
        """From the catalogs' array."""
        arguments, parallel, kind, sort_operator, function, type_, space, first = values[:8]
        final, extra, modify, combine, serial, deserial, moving, inverse, moving_type, moving_space = values[8:18]
        return cls(
            arguments=arguments,
            parallel=parallel,
            kind=kind,
            sort_operator=sort_operator,
            state=State(function, type_, space, first, final, extra, modify),
            combine=combine,
            serial=serial,
            deserial=deserial,
            moving=State(moving, moving_type, moving_space, *values[18:]),
            inverse=inverse,
        )


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
