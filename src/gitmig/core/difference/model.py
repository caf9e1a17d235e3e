"""A schema as it is compared: items with what they need, each one a thing that a statement makes or drops.

Beyond the objects of the catalogs there are items for what can be changed on its own and needs something of its own: a
column's default, its identity, the owner of a sequence, the index a table is clustered on, a table's replica identity,
and what is said of the index of a key. The columns of a view are a part of the view.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitmig.core.difference.names import last, parent
from gitmig.core.schema import DEFAULT, ObjectName, Tie

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.core.difference.definitions import Relation

IDENTITY = "identity"
KEY_INDEX = "index of a key"
CLUSTERED = "clustered"
REPLICA_IDENTITY = "replica identity"
OWNER = "owner of a sequence"

VIEWS = {"view", "materialized view"}
TABLES = {"table", "foreign table"}
PARTS = {"column", "constraint", "index", "trigger", "rule", "policy"}
NOT_NULL = re.compile(r'NOT NULL ((?:"(?:[^"]|"")*"|[^ ])+)')
TYPES = {"enum", "composite type", "domain", "range"}
SCHEMA_WIDE = {*TABLES, *VIEWS, "sequence", "composite type"}
OF_TYPES = {*TABLES, *VIEWS, *TYPES}
KEYS = ("PRIMARY KEY", "UNIQUE", "EXCLUDE")
"""How the definitions of constraints begin that have an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A thing of a schema; `body` is one of the classes in `definitions`, without grants and comment."""

    body: Any
    grants: tuple[str, ...] | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Model:
    """The items of a schema, and by item what it needs."""

    items: dict[ObjectName, Item]
    needs: dict[ObjectName, dict[ObjectName, Tie]]
    orders: dict[str, list[str]] = field(default_factory=dict)
    partition_keys: frozenset[str] = frozenset()  # columns; also those by which partitions are partitioned

    @cached_property
    def dependents(self) -> Mapping[ObjectName, Mapping[ObjectName, Tie]]:
        """By item, what needs it."""
        found: defaultdict[ObjectName, dict[ObjectName, Tie]] = defaultdict(dict)
        for dependent, ties in self.needs.items():
            for needed, tie in ties.items():
                found[needed][dependent] = tie
        return found

    @cached_property
    def parts(self) -> Mapping[str, list[ObjectName]]:
        """By table or view, the items whose names begin with its name."""
        found: defaultdict[str, list[ObjectName]] = defaultdict(list)
        for name in self.items:
            if name.kind in PARTS or name.kind in {DEFAULT, IDENTITY}:
                found[parent(name.name)].append(name)
        return found

    @cached_property
    def not_null(self) -> Mapping[str, ObjectName]:
        """By column, its not-null constraint; they are objects since PostgreSQL 18."""
        found = {}
        for name, item in self.items.items():
            if name.kind == "constraint" and (match := NOT_NULL.match(item.body.definition)):
                found[f"{parent(name.name)}.{match[1]}"] = name
        return found

    @cached_property
    def tables(self) -> Mapping[str, Relation]:
        """By name."""
        return {name.name: item.body for name, item in self.items.items() if name.kind in TABLES}

    @cached_property
    def parents(self) -> set[str]:
        """Tables that others inherit from."""
        return {parent for table in self.tables.values() for parent in table.parents or ()}

    @cached_property
    def claimed(self) -> set[tuple[str, str]]:
        """All names that are taken."""
        return {claim for name, item in self.items.items() for claim in claims(name, item)}

    def body(self, kind: str, name: str) -> Any:
        """None if there is no such item."""
        item = self.items.get(ObjectName(kind, name))
        return item and item.body


def claims(name: ObjectName, item: Item | None = None) -> Iterator[tuple[str, str]]:
    """The names that an item takes in PostgreSQL's name spaces; those of an identity are in the item."""
    if name.kind == IDENTITY and item is not None:
        yield "relation", item.body.name
    if name.kind in SCHEMA_WIDE:
        yield "relation", name.name
    if name.kind in OF_TYPES:
        yield "type", name.name
    if name.kind in {"index", KEY_INDEX}:
        yield "relation", f"{parent(parent(name.name))}.{last(name.name)}"
    if name.kind in {"constraint", "column"}:
        yield name.kind, name.name
    if name.kind in {"function", "procedure", "aggregate"}:
        yield "routine", name.name


def spoken_of(name: ObjectName, item: Item) -> ObjectName:
    """What grants and comments of an item are said about: of an identity, its sequence."""
    return ObjectName("sequence", item.body.name) if name.kind == IDENTITY else name
