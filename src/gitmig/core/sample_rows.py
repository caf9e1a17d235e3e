"""Rows to plant into tables whose meaning nobody knows: a value for every type, tables in the order of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """A type: how SQL writes it, length included, and what is known of the type that is below it if it is a domain.

    `base` is how SQL writes that, `name`, `category` and `kind` are its typname, typcategory and typtype in pg_type;
    `length` is that of a bit string (-1 for none), `fields` the number of a composite type's attributes.
    """

    written: str
    base: str
    name: str
    category: str
    kind: str
    length: int = -1
    fields: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, its name quoted. `references` is the table and column a foreign key leads to, both quoted.

    `filled` says that the column fills itself: it has a default, counts, or is generated.
    """

    name: str
    type: Type
    required: bool
    filled: bool
    references: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, its name quoted and with its schema."""

    name: str
    columns: tuple[Column, ...]

    @property
    def parents(self) -> frozenset[str]:
        """The other tables its rows refer to."""
        return frozenset(c.references[0] for c in self.columns if c.references) - {self.name}


def value(type_: Type) -> str | None:
    """An SQL expression for some value of a type; None if there is no telling what its values look like."""
    if type_.kind == "e":
        found: str | None = f"(pg_catalog.enum_range(NULL::{type_.base}))[1]"
    elif type_.kind == "c":
        found = f"'({',' * (type_.fields - 1)})'"
    elif type_.category == "A" or type_.kind == "m":
        found = "'{}'"
    elif type_.category == "V":
        found = f"'{'1' * max(type_.length, 1)}'"
    else:
        found = BY_NAME.get(type_.name) or BY_CATEGORY.get(type_.category)
    return f"{found}::{type_.written}" if found else None


def full_insert(table: Table) -> str:
    """The statement for a row in which as many columns as possible have a value of their own."""
    return _insert(table, [column for column in table.columns if not column.filled or column.references])


def sparse_insert(table: Table) -> str:
    """The statement for a row in which only those columns have a value that need one."""
    return _insert(table, [column for column in table.columns if column.required and not column.filled])


def in_order(tables: Sequence[Table]) -> list[Table]:
    """The tables, each behind those it refers to; where they refer to each other in a circle, as they come."""
    by_name = {table.name: table for table in tables}
    ordered: dict[str, Table] = {}
    entered: set[str] = set()

    def enter(table: Table) -> None:
        if table.name in entered:
            return
        entered.add(table.name)
        for parent in sorted(table.parents & by_name.keys()):
            enter(by_name[parent])
        ordered[table.name] = table

    for table in tables:
        enter(table)
    return list(ordered.values())


def _insert(table: Table, columns: Sequence[Column]) -> str:
    values = [(column.name, expression) for column in columns if (expression := _expression(column))]
    if not values:
        return f"INSERT INTO {table.name} DEFAULT VALUES"
    names, expressions = zip(*values)
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(expressions)})"  # noqa: S608 - quoted by PostgreSQL


def _expression(column: Column) -> str | None:
    if column.references is None:
        return value(column.type)
    table, key = column.references
    return f"(SELECT {key} FROM {table} LIMIT 1)"  # noqa: S608 - quoted by PostgreSQL
