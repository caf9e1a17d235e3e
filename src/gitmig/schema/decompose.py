"""A schema as it is compared: items with what they need, each one a thing that a statement makes or drops.

Beyond the objects of the catalogs there are items for what can be changed on its own and needs something of its own: a
column's default, its identity, the owner of a sequence, the index a table is clustered on, a table's replica identity,
and what is said of the index of a key. The columns of a view are a part of the view.


From a schema's objects and edges to the items of a model.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitmig.schema.definitions import BARE, DEFINITIONS, GRANTED, RAW, Column, Identity, Index, Relation, Sequence
from gitmig.schema.model import COLUMN_ORDER, DEFAULT, PARTITION_KEY, ObjectName, Tie
from gitmig.schema.names import last, parent, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.schema.model import Schema


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


def parsed(name: ObjectName, text: str) -> Item:
    """An object of a schema as an item."""
    if name.kind in RAW:
        return Item(body=(text,))
    values = json.loads(text) if text else []
    comment = None if name.kind in BARE else values.pop()
    grants = values.pop() if name.kind in GRANTED else None
    definition = DEFINITIONS.get(name.kind, tuple)
    body = definition(values) if definition is tuple else definition(*map(_frozen, values))
    return Item(body=body, grants=None if grants is None else tuple(grants), comment=comment)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def taken_apart(schema: Schema) -> Model:
    """The model of a schema."""
    objects = {name: parsed(name, text) for name, text in schema.objects.items() if name.kind != COLUMN_ORDER}
    items: dict[ObjectName, Item] = {}
    moved: dict[ObjectName, ObjectName] = {}  # where an object went that is no item of its own
    for name, item in objects.items():
        for part, into in _parts_of(name, item, objects):
            items[part] = into
            if part.kind in {IDENTITY, KEY_INDEX} and name.kind != "column":
                moved[name] = part
    views = _with_columns(items)
    moved |= views
    orders = {name.name: text.split(", ") for name, text in schema.objects.items() if name.kind == COLUMN_ORDER}
    keys = frozenset(name.name for name in schema.edges if name.kind == PARTITION_KEY)
    return Model(items=items, needs=_needs(schema, items, moved), orders=orders, partition_keys=keys)


def _parts_of(name: ObjectName, item: Item, objects: Mapping[ObjectName, Item]) -> Iterator[tuple[ObjectName, Item]]:
    body = item.body
    if isinstance(body, Column):
        column = replace(body, default=body.default if body.generated else None, identity="")
        yield name, replace(item, body=column)
        if body.default is not None and not body.generated:
            yield ObjectName(DEFAULT, name.name), Item(body=body.default)
    elif isinstance(body, Sequence):
        column_of = objects.get(ObjectName("column", body.owner)) if body.owner else None
        if body.owner and column_of is not None and column_of.body.identity:
            identity = Identity(kind=column_of.body.identity, name=name.name, sequence=replace(body, owner=None))
            yield ObjectName(IDENTITY, body.owner), replace(item, body=identity)
        else:
            yield name, replace(item, body=replace(body, owner=None))
            if body.owner:
                yield ObjectName(OWNER, name.name), Item(body=body.owner)
    elif isinstance(body, Index):
        yield from _parts_of_index(name, item, body, objects)
    elif isinstance(body, Relation):
        yield name, replace(item, body=replace(body, replica_identity=None))
        if body.replica_identity and name.kind == "table":
            yield ObjectName(REPLICA_IDENTITY, name.name), Item(body=body.replica_identity)
    else:
        yield name, item


def _parts_of_index(
    name: ObjectName, item: Item, body: Index, objects: Mapping[ObjectName, Item]
) -> Iterator[tuple[ObjectName, Item]]:
    key = objects.get(ObjectName("constraint", name.name))
    of_key = key is not None and key.body.definition.startswith(KEYS)
    kind = KEY_INDEX if of_key else "index"
    yield ObjectName(kind, name.name), replace(item, body=replace(body, clustered=False, replica_identity=False))
    if body.clustered:
        yield ObjectName(CLUSTERED, parent(name.name)), Item(body=last(name.name))
    if body.replica_identity:
        yield ObjectName(REPLICA_IDENTITY, parent(name.name)), Item(body=last(name.name))


def _with_columns(items: dict[ObjectName, Item]) -> dict[ObjectName, ObjectName]:
    """Move the columns of views, and their defaults, into the views; returns what went where."""
    views = {name.name: name for name in items if name.kind in VIEWS}
    columns: defaultdict[str, dict[str, Item]] = defaultdict(dict)
    defaults: defaultdict[str, dict[str, str]] = defaultdict(dict)
    moved: dict[ObjectName, ObjectName] = {}
    for name in [name for name in items if name.kind in {"column", DEFAULT}] if views else ():
        if (relation := parent(name.name)) not in views:
            continue
        item = items.pop(name)
        moved[name] = views[relation]
        if name.kind == DEFAULT:
            defaults[relation][last(name.name)] = item.body
        else:
            columns[relation][last(name.name)] = item
    for view, whole in views.items():
        body = replace(items[whole].body, columns=dict(columns[view]), defaults=dict(defaults[view]))
        items[whole] = replace(items[whole], body=body)
    return moved


def _needs(
    schema: Schema, items: Mapping[ObjectName, Item], moved: Mapping[ObjectName, ObjectName]
) -> dict[ObjectName, dict[ObjectName, Tie]]:
    needs: dict[ObjectName, dict[ObjectName, Tie]] = {}
    for dependent, ties in schema.edges.items():
        source = _place(dependent, items, moved)
        for needed, tie in ties.items():
            target = _place(needed, items, moved)
            if source != target and source in items and target in items:
                needs.setdefault(source, {})[target] = tie
    for name in items:
        for needed, tie in _needs_by_nature(name, items):
            needs.setdefault(name, {})[needed] = tie
    return needs


def _place(name: ObjectName, items: Mapping[ObjectName, Item], moved: Mapping[ObjectName, ObjectName]) -> ObjectName:
    """The item that an object went into."""
    name = moved.get(name, name)
    if name.kind == KEY_INDEX:
        return ObjectName("constraint", name.name)
    if name.kind == DEFAULT and name not in items:
        return moved.get(column := ObjectName("column", name.name), column)
    return name


def _needs_by_nature(name: ObjectName, items: Mapping[ObjectName, Item]) -> Iterator[tuple[ObjectName, Tie]]:
    """What follows from names and bodies alone."""
    body = items[name].body
    if name.kind in PARTS:
        yield from ((table, Tie.GOES_ALONG) for table in _relation(parent(name.name), items))
    if name.kind in {"column", "constraint"} and not body.local:
        yield from ((same, Tie.GOES_ALONG) for same in _inherited_from(name, items))
    if name.kind in {DEFAULT, IDENTITY}:
        yield ObjectName("column", name.name), Tie.GOES_ALONG
    if name.kind == KEY_INDEX:
        yield ObjectName("constraint", name.name), Tie.GOES_ALONG
    if name.kind == OWNER:
        yield ObjectName("sequence", name.name), Tie.GOES_ALONG
        yield ObjectName("column", body), Tie.NEEDS
    if name.kind in {CLUSTERED, REPLICA_IDENTITY}:
        yield from ((one, Tie.GOES_ALONG) for one in (*_relation(name.name, items), *_index(name.name, body, items)))
    if (schema := ObjectName("schema", parts(name.name)[0])) in items and schema != name:
        yield schema, Tie.NEEDS


def _index(table: str, index: str, items: Mapping[ObjectName, Item]) -> Iterator[ObjectName]:
    for kind in ("index", "constraint"):
        if (one := ObjectName(kind, f"{table}.{index}")) in items:
            yield one


def _relation(name: str, items: Mapping[ObjectName, Item]) -> Iterator[ObjectName]:
    for kind in ("table", "view", "materialized view", "foreign table"):
        if (table := ObjectName(kind, name)) in items:
            yield table


def _inherited_from(name: ObjectName, items: Mapping[ObjectName, Item]) -> Iterator[ObjectName]:
    for table in _relation(parent(name.name), items):
        for ancestor in items[table].body.parents or ():
            if (same := ObjectName(name.kind, f"{ancestor}.{last(name.name)}")) in items:
                yield same
