"""Database objects by name, as a script names them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
# Spaces of names. Relations and types share one: a table is a row type, too.
CLASS, ROUTINE, OPERATOR = "class", "routine", "operator"
IN_SCHEMAS = {CLASS, ROUTINE}
CALLED = {"tsconfiguration": "text search configuration", "tsdictionary": "text search dictionary"}


class Kind(Enum):
    """What people call the object."""

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


@dataclass(frozen=True, slots=True)
class Object:
    """An object; equal where the paths are, whatever a statement calls its kind.

    `path` is the space of names, then the name: `("class", "public", "comments", "column", "body")`,
    `("routine", "public", "f", "int4,text")`, `("schema", "public")`. An owner's path begins the paths of its parts.
    """

    kind: Kind = field(compare=False)
    path: tuple[str, ...]

    def __str__(self) -> str:
        if self.path[0] == OPERATOR:
            operands = f"({', '.join(self.path[3].split(','))})" if self.path[3:] else ""
            return f"operator {self.path[2]}{operands}"
        names = [quoted(name) for name in self.path[1:3]]
        if self.path[0] == ROUTINE:
            signature = f"({self.path[3].replace(',', ', ')})" if len(self.path) > 3 else ""
            return f"{self.kind.value} {'.'.join(names)}{signature}"
        if self.path[0] not in IN_SCHEMAS:
            names = [quoted(name) for name in self.path[1:]]
            if self.kind is Kind.OTHER:
                return f"{CALLED.get(self.path[0], self.path[0])} {'.'.join(names)}"
        return f"{self.kind.value} {'.'.join(names + [quoted(name) for name in self.path[4::2]])}"

    @property
    def root(self) -> tuple[str, ...]:
        """The path of the object it is a part of: a column's table; else its own."""
        return self.path[:3]

    def contains(self, other: Object) -> bool:
        """Whether `other` is a part of this one, or lies in this schema; not if they are equal."""
        if self.path[0] == "schema":
            return other.path[0] in IN_SCHEMAS and other.path[1] == self.path[1]
        return len(other.path) > len(self.path) and other.path[: len(self.path)] == self.path

    def part(self, kind: Kind, name: str) -> Object:
        """A part of this object, as a table's column."""
        return Object(kind, (*self.path, kind.value, name))


def schema(name: str) -> Object:
    """A schema."""
    return Object(Kind.SCHEMA, ("schema", name))


def in_schema(kind: Kind, schema_name: str, name: str) -> Object:
    """A table, view, index, sequence or type."""
    return Object(kind, (CLASS, schema_name, name))


def routine(schema_name: str, name: str, signature: str | None) -> Object:
    """A function or procedure; without a signature all of that name."""
    return Object(Kind.FUNCTION, (ROUTINE, schema_name, name, *([] if signature is None else [signature])))


def other(what: str, name: str) -> Object:
    """An object outside of schemas, or of a kind with a space of names of its own."""
    kinds = {kind.value: kind for kind in (Kind.EXTENSION, Kind.ROLE)}
    return Object(kinds.get(what, Kind.OTHER), (what, name))


def operator(names: Sequence[str], signature: str | None) -> Object:
    """An operator, by the types it takes; without a signature all of that name."""
    return Object(Kind.OTHER, (OPERATOR, "", unplaced(names), *([] if signature is None else [signature])))


def unplaced(names: Sequence[str]) -> str:
    """A name of what is no relation, type or function; the schema is left out if it is the usual one."""
    return ".".join(names[1:] if len(names) > 1 and names[0] == "public" else names)


def quoted(name: str) -> str:
    """The name as it has to be written in SQL, reserved words aside."""
    return name if PLAIN.fullmatch(name) else always_quoted(name)


def always_quoted(name: str) -> str:
    """The name as it can be written in SQL even if it is a reserved word."""
    return '"' + name.replace('"', '""') + '"'
