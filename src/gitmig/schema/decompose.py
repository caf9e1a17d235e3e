"""A schema as it is compared: items with what they need, each one a thing that a statement makes or drops.

Beyond the objects of the catalogs there are items for what can be changed on its own and needs something of its own: a
column's default, its identity, the owner of a sequence, the index a table is clustered on, a table's replica identity,
and what is said of the index of a key. The columns of a view are a part of the view.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.schema.kinds import DEFINITIONS
from gitmig.schema.kinds.columns import Column, Default, Identity
from gitmig.schema.kinds.constraints import Constraint
from gitmig.schema.kinds.indexes import Index, KeyIndex
from gitmig.schema.kinds.kind import Definition
from gitmig.schema.kinds.sequences import Sequence, SequenceOwner
from gitmig.schema.kinds.tables import ClusteredOn, Relation, ReplicaIdentity, Table
from gitmig.schema.kinds.views import View
from gitmig.schema.model import PARTS, VIEWS, ObjectKind, ObjectName, Tie
from gitmig.schema.names import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.schema.model import Schema

D = TypeVar("D", bound=Definition)
D_co = TypeVar("D_co", bound=Definition, covariant=True)


class SchemaItem(Struct, Generic[D_co], frozen=True, kw_only=True):
    """A thing of a schema, with what was granted on it and said about it."""

    body: D_co
    grants: tuple[str, ...] | None = None
    comment: str | None = None


SchemaItems: TypeAlias = "Mapping[ObjectName, SchemaItem[Definition]]"


class Model(Struct, frozen=True, kw_only=True, dict=True):
    """The items of a schema, and by item what it needs."""

    items: dict[ObjectName, SchemaItem[Definition]]
    needs: dict[ObjectName, dict[ObjectName, Tie]]
    orders: dict[str, list[str]] = field(default_factory=dict)
    partition_keys: frozenset[str] = frozenset()  # columns; also those by which partitions are partitioned

    def get(self, kind: type[D], name: ObjectName) -> D:
        """The definition of an item that is there."""
        body = self.items[name].body
        assert isinstance(body, kind)
        return body

    def find(self, kind: type[D], name: str) -> D | None:
        """The definition of the item of this kind and name; None if there is none."""
        item = self.items.get(ObjectName(kind.KIND, name))
        return item.body if item and isinstance(item.body, kind) else None

    def columns(self, table: str) -> dict[str, Column]:
        """By their own names."""
        return {
            name.last: self.get(Column, name) for name in self.parts.get(table, ()) if name.kind is ObjectKind.COLUMN
        }

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
            if name.kind in PARTS or name.kind in {ObjectKind.DEFAULT, ObjectKind.IDENTITY}:
                found[name.parent].append(name)
        return found

    @cached_property
    def not_null(self) -> Mapping[str, ObjectName]:
        """By column, its not-null constraint; they are objects since PostgreSQL 18."""
        found = {}
        for name, item in self.items.items():
            if isinstance(item.body, Constraint) and (column := item.body.not_null_column):
                found[f"{name.parent}.{column}"] = name
        return found

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """By name, foreign ones, too."""
        return {name.name: item.body for name, item in self.items.items() if isinstance(item.body, Table)}

    @cached_property
    def parents(self) -> set[str]:
        """Tables that others inherit from."""
        return {parent for table in self.tables.values() for parent in table.parents or ()}

    @cached_property
    def claimed(self) -> set[tuple[str, str]]:
        """All names that are taken."""
        return {claim for name, item in self.items.items() for claim in claims(name, item)}


def claims(name: ObjectName, item: SchemaItem[Definition] | None = None) -> Iterator[tuple[str, str]]:
    """The names that an item takes in PostgreSQL's name spaces; those of an identity are in the item."""
    if item is not None and isinstance(item.body, Identity):
        yield "relation", item.body.name
    yield from ((space, name.name) for space in DEFINITIONS[name.kind].SPACES)
    if name.kind in {ObjectKind.INDEX, ObjectKind.KEY_INDEX}:
        yield "relation", Index.subject(name).removeprefix("INDEX ")


def described(name: ObjectName, item: SchemaItem[Definition]) -> ObjectName:
    """What grants and comments of an item are said about: of an identity, its sequence."""
    return ObjectName(ObjectKind.SEQUENCE, item.body.name) if isinstance(item.body, Identity) else name


@lru_cache(maxsize=1 << 14)  # of two schemas that are compared, most objects are the very same
def parse(name: ObjectName, text: str) -> SchemaItem[Definition]:
    """An object of a schema as an item."""
    definition = DEFINITIONS[name.kind]
    query = definition.QUERY
    assert query is not None
    if query.text:
        return SchemaItem(body=definition.read_text(text))
    values = json.loads(text)
    comment = values.pop() if query.comment else None
    grants = values.pop() if query.grants else None
    return SchemaItem(body=definition.read(values), grants=None if grants is None else tuple(grants), comment=comment)


def decompose(schema: Schema) -> Model:
    """The model of a schema."""
    order = ObjectKind.COLUMN_ORDER
    objects = {name: parse(name, text) for name, text in schema.objects.items() if name.kind is not order}
    items: dict[ObjectName, SchemaItem[Definition]] = {}
    moved: dict[ObjectName, ObjectName] = {}  # where an object went that is no item of its own
    for name, item in objects.items():
        for part, into in _parts_of(name, item, objects):
            items[part] = into
            if part.kind in {ObjectKind.IDENTITY, ObjectKind.KEY_INDEX}:
                moved[name] = part
    moved |= _with_columns(items)
    orders = {name.name: text.split(", ") for name, text in schema.objects.items() if name.kind is order}
    keys = frozenset(name.name for name in schema.edges if name.kind is ObjectKind.PARTITION_KEY)
    return Model(items=items, needs=_needs(schema, items, moved), orders=orders, partition_keys=keys)


def _parts_of(
    name: ObjectName, item: SchemaItem[Definition], objects: SchemaItems
) -> Iterator[tuple[ObjectName, SchemaItem[Definition]]]:
    """The items that an object becomes."""
    body = item.body
    if isinstance(body, Column):
        default = body.default
        yield name, replace(item, body=body.replaced(default=default if body.generated else None, identity=""))
        if default is not None and not body.generated:
            yield ObjectName(ObjectKind.DEFAULT, name.name), SchemaItem(body=Default(default))
    elif isinstance(body, Sequence):
        alone = body.replaced(owner=None)
        column = objects.get(ObjectName(ObjectKind.COLUMN, body.owner)) if body.owner else None
        if body.owner and column and isinstance(column.body, Column) and column.body.identity:
            identity = Identity(generated=column.body.identity, name=name.name, sequence=alone)
            yield ObjectName(ObjectKind.IDENTITY, body.owner), replace(item, body=identity)
        else:
            yield name, replace(item, body=alone)
            if body.owner:
                yield ObjectName(ObjectKind.SEQUENCE_OWNER, name.name), SchemaItem(body=SequenceOwner(body.owner))
    elif isinstance(body, Index):
        yield from _parts_of_index(name, item, body, objects)
    elif isinstance(body, Relation):
        yield name, replace(item, body=body.replaced(replica_identity=None))
        if body.replica_identity and name.kind is ObjectKind.TABLE:
            yield (
                ObjectName(ObjectKind.REPLICA_IDENTITY, name.name),
                SchemaItem(body=ReplicaIdentity(body.replica_identity)),
            )
    else:
        yield name, item


def _parts_of_index(
    name: ObjectName, item: SchemaItem[Definition], index: Index, objects: SchemaItems
) -> Iterator[tuple[ObjectName, SchemaItem[Definition]]]:
    key = objects.get(ObjectName(ObjectKind.CONSTRAINT, name.name))
    kind = KeyIndex if key and isinstance(key.body, Constraint) and key.body.is_key else Index
    body = kind(**{**vars(index), "clustered": False, "replica_identity": False})
    yield ObjectName(kind.KIND, name.name), replace(item, body=body)
    if index.clustered:
        yield ObjectName(ObjectKind.CLUSTERED, name.parent), SchemaItem(body=ClusteredOn(name.last))
    if index.replica_identity:
        yield ObjectName(ObjectKind.REPLICA_IDENTITY, name.parent), SchemaItem(body=ReplicaIdentity(name.last))


def _with_columns(items: dict[ObjectName, SchemaItem[Definition]]) -> dict[ObjectName, ObjectName]:
    """Move the columns of views, and their defaults, into the views; returns what went where."""
    views = {name.name: name for name in items if name.kind in VIEWS}
    columns: defaultdict[str, dict[str, SchemaItem[Definition]]] = defaultdict(dict)
    defaults: defaultdict[str, dict[str, str]] = defaultdict(dict)
    moved: dict[ObjectName, ObjectName] = {}
    parts_of_relations = {ObjectKind.COLUMN, ObjectKind.DEFAULT} if views else set()
    for name in [name for name in items if name.kind in parts_of_relations and name.parent in views]:
        item = items.pop(name)
        moved[name] = views[name.parent]
        if isinstance(item.body, Default):
            defaults[name.parent][name.last] = item.body.expression
        else:
            columns[name.parent][name.last] = item
    for view, name in views.items():
        body = items[name].body
        assert isinstance(body, View)
        items[name] = replace(items[name], body=body.replaced(columns=columns[view], defaults=defaults[view]))
    return moved


def _needs(
    schema: Schema, items: SchemaItems, moved: Mapping[ObjectName, ObjectName]
) -> dict[ObjectName, dict[ObjectName, Tie]]:
    needs: dict[ObjectName, dict[ObjectName, Tie]] = {}
    for dependent, ties in schema.edges.items():
        source = _place(dependent, items, moved)
        for needed, tie in ties.items():
            target = _place(needed, items, moved)
            if source != target and source in items and target in items:
                needs.setdefault(source, {})[target] = tie
    relations = {name.name: name for name, item in items.items() if isinstance(item.body, Relation)}
    for name, item in items.items():
        for needed, tie in _needs_by_nature(name, item.body, items, relations):
            needs.setdefault(name, {})[needed] = tie
    return needs


def _place(name: ObjectName, items: SchemaItems, moved: Mapping[ObjectName, ObjectName]) -> ObjectName:
    """The item that an object went into."""
    name = moved.get(name, name)
    if name.kind is ObjectKind.KEY_INDEX:
        return ObjectName(ObjectKind.CONSTRAINT, name.name)
    if name.kind is ObjectKind.DEFAULT and name not in items:
        return moved.get(column := ObjectName(ObjectKind.COLUMN, name.name), column)
    return name


def _needs_by_nature(
    name: ObjectName, body: Definition, items: SchemaItems, relations: Mapping[str, ObjectName]
) -> Iterator[tuple[ObjectName, Tie]]:
    """What follows from names and bodies alone."""
    if name.kind in PARTS and (relation := relations.get(name.parent)):
        yield relation, Tie.GOES_ALONG
        if isinstance(body, Column | Constraint) and not body.local:
            yield from ((same, Tie.GOES_ALONG) for same in _inherited_from(name, items, relation))
    yield from ((needed, tie) for needed, tie in body.needs(name, items) if needed in items)
    if (schema := ObjectName(ObjectKind.SCHEMA, parts(name.name)[0])) in items and schema != name:
        yield schema, Tie.NEEDS


def _inherited_from(name: ObjectName, items: SchemaItems, relation: ObjectName) -> Iterator[ObjectName]:
    body = items[relation].body
    assert isinstance(body, Relation)
    for ancestor in body.parents or ():
        if (same := ObjectName(name.kind, f"{ancestor}.{name.last}")) in items:
            yield same
