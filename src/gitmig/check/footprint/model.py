"""The values of a footprint: objects as a script names them, and how it touches them. They can be kept as JSON."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from gitmig.schema.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec.json import Decoder

# Spaces of names. Relations and types share one: a table is a row type, too.
CLASS, ROUTINE, OPERATOR = "class", "routine", "operator"
EVERY = "*"  # a schema that stands for all of them
IN_SCHEMAS = {CLASS, ROUTINE}
CALLED = {
    "tsconfiguration": "text search configuration",
    "tsdictionary": "text search dictionary",
    "statistic ext": "statistics object",
    "fdw": "foreign data wrapper",
    "opclass": "operator class",
    "opfamily": "operator family",
}


class NamedKind(Enum):
    """What a statement calls the object. The schema's ObjectKind is finer: `DROP TYPE` does not say of which sort."""

    SCHEMA = "schema"
    EXTENSION = "extension"
    ROLE = "role"
    TABLE = "table"
    VIEW = "view"
    INDEX = "index"
    SEQUENCE = "sequence"
    TYPE = "type"
    VALUE = "enum value"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    TRIGGER = "trigger"
    POLICY = "policy"
    RULE = "rule"
    FUNCTION = "function"
    PARTITION = "partition"
    OTHER = "object"


ObjectPath: TypeAlias = tuple[str, ...]


class Object(Struct, frozen=True, eq=False, array_like=True):
    """An object; equal where the paths are, whatever a statement calls its kind.

    `path` is the space of names, then the name: `("class", "public", "comments", "column", "body")`,
    `("routine", "public", "f", "int4,text")`, `("schema", "public")`. An owner's path begins the paths of its parts.
    """

    kind: NamedKind
    path: ObjectPath

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and self.path == other.path

    def __ne__(self, other: object) -> bool:  # that of a Struct would not ask __eq__
        return not self == other

    def __hash__(self) -> int:
        return hash(self.path)

    def __str__(self) -> str:
        if self.path == ("schema", EVERY):
            return "every schema"
        if self.path[0] == OPERATOR:
            operands = f"({', '.join(self.path[3].split(','))})" if self.path[3:] else ""
            return f"operator {self.path[2]}{operands}"
        names = [quoted(name) for name in self.path[1:3]]
        if self.path[0] == ROUTINE:
            signature = f"({self.path[3].replace(',', ', ')})" if len(self.path) > 3 else ""
            return f"{self.kind.value} {'.'.join(names)}{signature}"
        if self.path[0] not in IN_SCHEMAS:
            names = [quoted(name) for name in self.path[1:]]
            if self.kind is NamedKind.OTHER:
                return f"{CALLED.get(self.path[0], self.path[0])} {'.'.join(names)}"
        return f"{self.kind.value} {'.'.join(names + [quoted(name) for name in self.path[4::2]])}"

    @property
    def root(self) -> ObjectPath:
        """The path of the object it is a part of: a column's table; else its own."""
        return self.path[:3]

    def contains(self, other: Object) -> bool:
        """Whether `other` is a part of this one, or lies in this schema; not if they are equal."""
        if self.path[0] == "schema":
            return other.path[0] in IN_SCHEMAS and self.path[1] in {other.path[1], EVERY}
        return len(other.path) > len(self.path) and other.path[: len(self.path)] == self.path

    def part(self, kind: NamedKind, name: str) -> Object:
        """A part of this object, as a table's column."""
        return Object(kind, (*self.path, kind.value, name))


def schema(name: str) -> Object:
    """A schema."""
    return Object(NamedKind.SCHEMA, ("schema", name))


def in_schema(kind: NamedKind, schema_name: str, name: str) -> Object:
    """A table, view, index, sequence or type."""
    return Object(kind, (CLASS, schema_name, name))


def routine(schema_name: str, name: str, signature: str | None) -> Object:
    """A function or procedure; without a signature all of that name."""
    return Object(NamedKind.FUNCTION, (ROUTINE, schema_name, name, *([] if signature is None else [signature])))


def other(what: str, name: str) -> Object:
    """An object outside of schemas, or of a kind with a space of names of its own."""
    kinds = {kind.value: kind for kind in (NamedKind.EXTENSION, NamedKind.ROLE)}
    return Object(kinds.get(what, NamedKind.OTHER), (what, name))


def operator(names: Sequence[str], signature: str | None) -> Object:
    """An operator, by the types it takes; without a signature all of that name."""
    return Object(NamedKind.OTHER, (OPERATOR, "", unplaced(names), *([] if signature is None else [signature])))


def unplaced(names: Sequence[str]) -> str:
    """A name of what is no relation, type or function; the schema is left out if it is the usual one."""
    return ".".join(names[1:] if len(names) > 1 and names[0] == "public" else names)


class Action(Enum):
    """What happens to the object."""

    READ = "read"
    WRITE = "write"
    CREATE = "create"
    DROP = "drop"
    ALTER = "alter"
    RENAME = "rename"


class DependencyKind(Enum):
    """Until when the object has to be there, and whether PostgreSQL lets it be altered."""

    TRANSIENT = "transient"  # while the statement runs
    CHECKED = "checked"  # while the function that names it is created; nothing stays
    FOLLOWS = "follows"  # stays, and follows when the object is altered: keys, indexes, column types
    BLOCKS = "blocks"  # stays, and stands in the way of altering it: views, triggers, policies, generated columns
    AT_CALL = "at call"  # looked up when the function is called


class Trait(Enum):
    """What else is to be known of a touch."""

    FORGIVING = "forgiving"  # IF EXISTS, IF NOT EXISTS, OR REPLACE, or under a condition
    IF_TABLE = "if table"  # IF EXISTS of the table it is a part of: nothing else may be missing
    CHOSEN = "chosen"  # PostgreSQL chooses the name, and another one if it is taken
    WHOLE = "whole"  # every column or member, as SELECT * and LIKE
    REQUIRED = "required"  # a column that every insert has to give
    NOT_NULL = "not null"  # a column that is made with NOT NULL, whoever gives the value
    GIVEN = "given"  # a column that gets a value by itself: a default, a serial, an identity
    NULL = "null"  # a column into which NULL is written
    PERHAPS = "perhaps"  # rows are written if there are some to take them from
    CASCADE = "cascade"  # and what depends on it
    FOREIGN = "foreign"  # the target of a foreign key or of ON CONFLICT: needs a unique key
    UNIQUE = "unique"  # a unique key
    CALLED = "called"  # a function that runs
    CONVERTED = "converted"  # a change to a type of another family, by USING
    ONCE = "once"  # an alteration that fails where it was made already
    PRIMARY = "primary"  # needs the table's primary key, whatever it is called
    ALONE = "alone"  # ONLY: a table without its children
    ALWAYS = "always"  # a column whose values PostgreSQL alone gives
    UNLOGGED = "unlogged"  # a table that is made so; of a foreign key, the table at its other end
    CONTAINED = "contained"  # a type that is a part of the values: in an array
    REWRITES = "rewrites"  # a new column that has values in the rows that are there
    COMPARED = "compared"  # stays, and only works with the type it was made for: foreign keys, checks, expressions


class Touch(Struct, frozen=True, kw_only=True, array_like=True):
    """One touch. `line` counts from 1 in the script, `statement` from 0; `part` counts what one statement makes.

    `aspect` says what an ALTER changes ("type", "default"), how rows are written ("insert", "update", "delete"), what
    an enum value stands beside, what sort of constraint is made, or what a statement copies or grants.
    `value` is a definition: equal values have equal effects. `to` is a renamed object's new self, the table that
    becomes or stops being a part, the other end of a foreign key, or the column that owns a sequence. `columns` are
    those an INSERT gives, None if by position, those of a key, or those by which a partition is divided, None if by an
    expression; of the table of an index, the definition of the index without its name; of a new column, its type; of a
    parent that is joined, what the child has already.
    """

    action: Action
    object: Object
    line: int
    statement: int
    part: int = 0
    dependency: DependencyKind = DependencyKind.TRANSIENT
    traits: frozenset[Trait] = frozenset()
    aspect: str = ""
    value: str = ""
    to: Object | None = None
    columns: tuple[str, ...] | None = None


class BlindSpot(Struct, frozen=True, kw_only=True, array_like=True):
    """A line behind which a script does what cannot be read, and why."""

    line: int
    reason: str


class Footprint(Struct, frozen=True, kw_only=True, array_like=True):
    """Everything a script touches, in order; `error` says where and why it does not parse."""

    touches: tuple[Touch, ...] = ()
    blind_spots: tuple[BlindSpot, ...] = ()
    error: BlindSpot | None = None

    def to_json(self) -> bytes:
        """As JSON, which `from_json` takes back."""
        from msgspec.json import encode

        return encode(self)

    @classmethod
    def from_json(cls, kept: bytes) -> Footprint:
        """The footprint that was kept. Raises ValueError."""
        return _decoder().decode(kept)


@cache
def _decoder() -> Decoder[Footprint]:
    """Made once: a history has many footprints."""
    from msgspec.json import Decoder

    return Decoder(Footprint)
