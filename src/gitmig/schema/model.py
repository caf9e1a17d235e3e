"""A schema as a value: its objects with their definitions, its fingerprint, and how two of them differ."""

from __future__ import annotations

import hashlib
import json
import re
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from gitmig.schema.names import arguments, split

if TYPE_CHECKING:
    from collections.abc import Mapping

# What PostgreSQL makes of `'now'::timestamp` when it stores a view or a default: another text in every build. Nobody
# writes an instant to the millisecond by hand, but for the end of a day.
INSTANT = re.compile(r"'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.(?!9+['+-])\d{3,6}(?:[+-]\d\d(?::\d\d)?)?'")


class Tie(Enum):
    """How an object hangs on another one that it needs."""

    NEEDS = "needs"  # it has to go first
    GOES_ALONG = "goes along"  # it is dropped together with the other one


class ObjectKind(str, Enum):
    """What an object is, in people's words: in the order in which objects are made, and dropped in the other.

    That order counts where the needs of the objects say nothing else. The last ones are never made.
    """

    SCHEMA = "schema"
    EXTENSION = "extension"
    LANGUAGE = "language"
    ACCESS_METHOD = "access method"
    COLLATION = "collation"
    BASE_TYPE = "base type"
    ENUM = "enum"
    COMPOSITE_TYPE = "composite type"
    DOMAIN = "domain"
    RANGE = "range"
    TEXT_SEARCH_PARSER = "text search parser"
    TEXT_SEARCH_TEMPLATE = "text search template"
    TEXT_SEARCH_DICTIONARY = "text search dictionary"
    TEXT_SEARCH_CONFIGURATION = "text search configuration"
    FOREIGN_DATA_WRAPPER = "foreign data wrapper"
    SERVER = "server"
    USER_MAPPING = "user mapping"
    SEQUENCE = "sequence"
    TABLE = "table"
    FOREIGN_TABLE = "foreign table"
    COLUMN = "column"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    OPERATOR = "operator"
    OPERATOR_FAMILY = "operator family"
    OPERATOR_CLASS = "operator class"
    CAST = "cast"
    TRANSFORM = "transform"
    CONVERSION = "conversion"
    AGGREGATE = "aggregate"
    DEFAULT = "default"  # of a column: it needs more than its column does
    IDENTITY = "identity"
    SEQUENCE_OWNER = "owner of a sequence"
    CONSTRAINT = "constraint"
    KEY_INDEX = "index of a key"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    INDEX = "index"
    STATISTICS = "statistics"
    CLUSTERED = "clustered"
    REPLICA_IDENTITY = "replica identity"
    TRIGGER = "trigger"
    RULE = "rule"
    POLICY = "policy"
    EVENT_TRIGGER = "event trigger"
    PUBLICATION = "publication"
    PUBLISHED_TABLE = "published table"
    PUBLISHED_SCHEMA = "published schema"
    SUBSCRIPTION = "subscription"
    DEFAULT_PRIVILEGES = "default privileges"
    SYSTEM_PRIVILEGES = "system privileges"
    EXTENSION_DEPENDENCY = "extension dependency"
    SECURITY_LABEL = "security label"
    COLUMN_ORDER = "column order"  # reported, and no part of the fingerprint: PostgreSQL cannot move a column
    PARTITION_KEY = "partition key"  # only among the edges: by this column the table, or a partition, is partitioned

    def __str__(self) -> str:
        return self.value


# Kinds by what they have in common.
TABLES = frozenset({ObjectKind.TABLE, ObjectKind.FOREIGN_TABLE})
VIEWS = frozenset({ObjectKind.VIEW, ObjectKind.MATERIALIZED_VIEW})
TYPES = frozenset({ObjectKind.ENUM, ObjectKind.COMPOSITE_TYPE, ObjectKind.DOMAIN, ObjectKind.RANGE})
ROUTINES = frozenset({ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.AGGREGATE})
# Parts of a table that can be renamed: their names begin with its name.
NAMED_PARTS = frozenset({ObjectKind.COLUMN, ObjectKind.CONSTRAINT, ObjectKind.INDEX, ObjectKind.TRIGGER})
PARTS = NAMED_PARTS | {ObjectKind.RULE, ObjectKind.POLICY}


class ObjectName(NamedTuple):
    """What an object is, as `index`, and how it is called, schema included: `schema.object` or `schema.object.part`."""

    kind: ObjectKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def parent(self) -> str:
        """What stands before the last dot: the table of a column, the schema of a table."""
        return split(self.name)[0]

    @property
    def last(self) -> str:
        """What stands behind it, without arguments."""
        return split(self.name)[1]

    @property
    def arguments(self) -> str:
        """`(integer)` of the function `s.f(integer)`; empty for what has none."""
        return arguments(self.name)


PUBLIC = ObjectName(ObjectKind.SCHEMA, "public")


class Schema(Struct, frozen=True, dict=True):
    """Every object of a database's schema, with a text that is equal exactly when the objects are.

    `edges` says which object needs which others, if that was asked for.
    """

    objects: Mapping[ObjectName, str]
    edges: Mapping[ObjectName, Mapping[ObjectName, Tie]] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """Equal fingerprints mean equal schemas, but for the order of columns and the time at which they were built."""
        digest = hashlib.sha256()
        for name in sorted(self.objects):
            if name.kind is not ObjectKind.COLUMN_ORDER:
                digest.update("\0".join((name.kind, name.name, timeless(self.objects[name]), "")).encode())
        return digest.hexdigest()

    @property
    def is_pristine(self) -> bool:
        """Whether there is nothing but schema public, whoever may use it."""
        return set(self.objects) == {PUBLIC}

    def at_the_time_of(self, other: Schema) -> Schema:
        """The same with the definitions that `other` has of what differs in nothing but when it was built."""
        alike = {
            name: found
            for name, text in self.objects.items()
            if (found := other.objects.get(name)) and found != text and timeless(found) == timeless(text)
        }
        return Schema({**self.objects, **alike}, self.edges) if alike else self

    def to_json(self) -> str:
        """Everything, edges included, as `from_json` reads it."""
        objects = [[name.kind, name.name, text] for name, text in self.objects.items()]
        edges = [
            [dependent.kind, dependent.name, [[needed.kind, needed.name, tie.value] for needed, tie in ties.items()]]
            for dependent, ties in self.edges.items()
        ]
        return json.dumps({"objects": objects, "edges": edges}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """What `to_json` wrote."""
        data = json.loads(text)
        return cls(
            {ObjectName(ObjectKind(kind), name): definition for kind, name, definition in data["objects"]},
            {
                ObjectName(ObjectKind(kind), name): {ObjectName(ObjectKind(a), b): Tie(tie) for a, b, tie in ties}
                for kind, name, ties in data["edges"]
            },
        )


class SchemaDifference(Struct, frozen=True, kw_only=True):
    """What one schema has and the other lacks, and what both have and is not the same; sorted."""

    missing: tuple[ObjectName, ...]
    surplus: tuple[ObjectName, ...]
    changed: tuple[ObjectName, ...]

    @property
    def names(self) -> tuple[ObjectName, ...]:
        """Everything that differs."""
        return tuple(sorted(self.missing + self.surplus + self.changed))

    @property
    def signed(self) -> list[tuple[str, ObjectName]]:
        """The same as people are shown it: `-` is missing, `+` is too many, `~` is not the same."""
        groups = (("-", self.missing), ("+", self.surplus), ("~", self.changed))
        return [(sign, name) for sign, names in groups for name in names]

    def __bool__(self) -> bool:
        return bool(self.names)


def timeless(definition: str) -> str:
    """A definition without the instant at which it was stored."""
    return INSTANT.sub("'now'", definition) if "'20" in definition else definition


def schema_difference(wanted: Schema, found: Schema) -> SchemaDifference:
    """How `found` differs from `wanted`, the order of columns and the time of the build aside."""
    a = {name: text for name, text in wanted.objects.items() if name.kind is not ObjectKind.COLUMN_ORDER}
    b = {name: text for name, text in found.objects.items() if name.kind is not ObjectKind.COLUMN_ORDER}
    return SchemaDifference(
        missing=tuple(sorted(a.keys() - b.keys())),
        surplus=tuple(sorted(b.keys() - a.keys())),
        changed=tuple(sorted(name for name in a.keys() & b.keys() if timeless(a[name]) != timeless(b[name]))),
    )
