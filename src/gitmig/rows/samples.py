"""Rows to plant into tables whose meaning nobody knows: a value for every type, tables in the order of their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field
from psycopg import sql

from gitmig.rows.values import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.rows.tables import Column, Table

# By type name, as SQL that means the same under every search path. What follows from today's date fits partitions that
# are made day by day.
BY_NAME = {
    "json": "'{}'",
    "jsonb": "'{}'",
    "uuid": "pg_catalog.gen_random_uuid()",
    "bytea": r"'\x01'",
    "xml": "'<a/>'",
    "money": "'1'",
    "cidr": "'10.0.0.0/8'",
    "macaddr": "'08:00:2b:01:02:03'",
    "macaddr8": "'08:00:2b:01:02:03:04:05'",
    "pg_lsn": "'0/1'",
    "point": "'(1,1)'",
    "line": "'{1,1,1}'",
    "lseg": "'((1,1),(2,2))'",
    "box": "'((1,1),(2,2))'",
    "path": "'((1,1),(2,2))'",
    "polygon": "'((1,1),(2,2),(1,2))'",
    "circle": "'((1,1),1)'",
    "tsvector": "'sample'",
    "tsquery": "'sample'",
    "ltree": "'sample'",
    "hstore": "'sample=>1'",
}
# Else by the category of the type (pg_type.typcategory).
BY_CATEGORY = {
    "B": "true",
    "D": "pg_catalog.now()",
    "I": "'127.0.0.1'",
    "N": "1",
    "R": "'empty'",
    "S": "'sample'",
    "T": "'1 day'",
}


class Type(Struct, frozen=True, kw_only=True):
    """What is known of a type, or of the one below it if it is a domain.

    `base` is how SQL writes that, `name`, `category` and `kind` are its typname, typcategory and typtype in pg_type,
    `fields` the number of a composite type's attributes. `required`: it is a domain without nulls.
    """

    base: str
    name: str
    category: str
    kind: str
    fields: int = 0
    required: bool = False


class Reference(Struct, frozen=True, kw_only=True):
    """Where a foreign key leads from a column: the table (by its oid, and as it stands in FROM) and its column."""

    target: int
    source: sql.Composable
    column: str


class Planted(Struct, frozen=True, kw_only=True):
    """A table that shall take a row: the types of its columns by their plain names, and references by column."""

    table: Table
    types: Mapping[str, Type]
    references: Mapping[str, Reference] = field(default_factory=dict)

    @property
    def parents(self) -> frozenset[int]:
        """The other tables its rows refer to."""
        return frozenset(reference.target for reference in self.references.values()) - {self.table.oid}


def value(column: Column, type_: Type) -> str | None:
    """An SQL expression for some value of a column; None if there is no telling what its values look like."""
    if type_.kind == "e":
        found: str | None = f"(pg_catalog.enum_range(NULL::{type_.base}))[1]"
    elif type_.kind == "c":
        found = f"'({',' * (type_.fields - 1)})'"
    elif type_.category == "A" or type_.kind == "m":
        found = "'{}'"
    elif type_.category == "V":
        length = re.search(r"\((\d+)\)", column.type)
        found = f"'{'1' * int(length[1] if length else 1)}'"
    else:
        found = BY_NAME.get(type_.name) or BY_CATEGORY.get(type_.category)
    # only types that SQL itself names take a length, and such a name means the same under every search path
    written = column.type if "(" in column.type else column.plain
    return f"{found}::{written}" if found else None


def full_insert(planted: Planted) -> sql.Composed:
    """The statement for a row in which as many columns as possible have a value of their own."""
    return _insert(planted, [c for c in _writable(planted) if not c.defaulted or c.name in planted.references])


def sparse_insert(planted: Planted) -> sql.Composed:
    """The statement for a row in which only those columns have a value that need one."""
    needed = [c for c in _writable(planted) if c.required or (planted.types[c.plain].required and not c.defaulted)]
    return _insert(planted, needed)


def in_order(tables: Sequence[Planted]) -> list[Planted]:
    """The tables, each behind those it refers to; where they refer to each other in a circle, as they come."""
    by_oid = {planted.table.oid: planted for planted in tables}
    ordered: list[Planted] = []
    entered: set[int] = set()

    def enter(planted: Planted) -> None:
        if planted.table.oid in entered:
            return
        entered.add(planted.table.oid)
        for parent in sorted(planted.parents & by_oid.keys()):
            enter(by_oid[parent])
        ordered.append(planted)

    for planted in tables:
        enter(planted)
    return ordered


def _writable(planted: Planted) -> list[Column]:
    return [column for column in planted.table.stored if not column.always]


def _insert(planted: Planted, columns: Sequence[Column]) -> sql.Composed:
    values = [(column.name, expression) for column in columns if (expression := _expression(planted, column))]
    if not values:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(planted.table.plain)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        planted.table.plain,
        listed(sql.Identifier(name) for name, _ in values),
        listed(expression for _, expression in values),
    )


def _expression(planted: Planted, column: Column) -> sql.Composable | None:
    if reference := planted.references.get(column.name):
        return sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(sql.Identifier(reference.column), reference.source)
    found = value(column, planted.types[column.plain])
    return sql.SQL(found) if found else None
