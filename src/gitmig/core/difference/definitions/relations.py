"""Tables, views and sequences, and what belongs to a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitmig.core.difference.definitions import Names


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
