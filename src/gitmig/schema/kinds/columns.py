"""Columns of tables, their defaults and their identity; and how a column's values get from one type to another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.kinds.constraints import Constraint, would_be_local
from gitmig.schema.kinds.kind import (
    Context,
    Definition,
    Impact,
    Instead,
    Names,
    Query,
    Self,
    Setting,
    Statements,
    foreign_option_changes,
    foreign_options,
    option_changes,
    sql,
)
from gitmig.schema.kinds.privileges import ON_COLUMN
from gitmig.schema.kinds.sequences import Sequence, is_serial, serial_sequence
from gitmig.schema.model import ObjectKind, ObjectName, Tie
from gitmig.schema.names import default_name, last, parent
from gitmig.schema.scope import OWN_RELATION, RELATION, RELATIONS, grants, listing, sorted_options

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


ALWAYS = {"a": "ALWAYS", "d": "BY DEFAULT"}
GENERATED = {"s": "STORED", "v": "VIRTUAL"}
STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
COMPRESSION = {"p": "pglz", "l": "lz4", "": "DEFAULT"}
SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
STORED_AS_MAIN = {"numeric", "inet", "cidr"}
# Since 15.20 (November 2026) the server keeps a note of its own among a column's options; pg_dump leaves it out.
NOTE = "'pg_attver=%'"


class Column(Definition):
    """A column; `default` is the expression of a generated one, too.

    What a column inherits is in its parents; whether it would stay without them is its own.
    """

    type: str = sql("format_type(a.atttypid, a.atttypmod)")
    not_null: bool = sql("a.attnotnull")
    identity: str = sql("a.attidentity")
    generated: str = sql("a.attgenerated")
    default: str | None = sql("pg_get_expr(d.adbin, d.adrelid)")
    local: bool = sql("a.attislocal")
    collation: str | None = sql("CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation END")
    storage: str | None = sql("CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END")
    compression: str = sql("a.attcompression")
    statistics: int | None = sql("nullif(a.attstattarget, -1)")
    options: Names | None = sql(
        f"CASE WHEN cardinality(a.attoptions) > 1 OR a.attoptions[1] NOT LIKE {NOTE} THEN "
        f"{listing('o.o', f'unnest(a.attoptions) o(o) WHERE o.o NOT LIKE {NOTE}')} END"
    )
    foreign_options: Names | None = sql(
        f"CASE WHEN a.attfdwoptions IS NOT NULL THEN {sorted_options('a.attfdwoptions')} END"
    )

    KIND = ObjectKind.COLUMN
    SPACES = ("column",)
    RIGHTS = ON_COLUMN
    QUERY = Query(
        name=f"{RELATION} || '.' || quote_ident(a.attname)",
        grants=grants("a.attacl", "c", "c.relowner"),
        of="pg_class c",
        part="a.attnum",
        source=f"""{RELATIONS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE {OWN_RELATION}""",
    )

    @property
    def full_type(self) -> tuple[str, str | None]:
        """Type and collation."""
        return self.type, self.collation

    def create(self, name: ObjectName, context: Context) -> Statements:
        if self.local:
            yield f"ALTER TABLE {name.parent} ADD COLUMN {column_clause(name, context)}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        if self.local:
            yield f"ALTER TABLE {name.parent} DROP COLUMN {name.last}"

    def settings(self, name: ObjectName, context: Context) -> Statements:
        return self._setting_changes(self.replaced(storage=None, compression="", statistics=None, options=None), name)

    def _setting_changes(self, old: Self, name: ObjectName) -> Statements:
        alter = f"ALTER TABLE {name.parent} ALTER COLUMN {name.last}"
        if old.storage != self.storage:
            by_default = "MAIN" if base(self.type) in STORED_AS_MAIN else "EXTENDED"
            yield f"{alter} SET STORAGE {STORAGE[self.storage] if self.storage else by_default}"
        if old.compression != self.compression:
            yield f"{alter} SET COMPRESSION {COMPRESSION[self.compression]}"
        if old.statistics != self.statistics:
            yield f"{alter} SET STATISTICS {-1 if self.statistics is None else self.statistics}"
        yield from option_changes(alter, old.options, self.options)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if would_be_local(name, local=old.local, context=context) != self.local:
            return Instead.LEAVE
        if old.full_type != self.full_type and name.name in context.found.partition_keys:
            return Instead.LEAVE
        if old.generated != self.generated and (self.generated or old.generated == "v"):
            return Instead.REPLACE
        if self.generated and (old.default, *old.full_type) != (self.default, *self.full_type):
            return Instead.REPLACE
        return self._changes(old, name, context)

    def _changes(self, old: Self, name: ObjectName, context: Context) -> Statements:
        alter = f"ALTER TABLE {name.parent} ALTER COLUMN {name.last}"
        if old.generated and not self.generated:
            yield f"{alter} DROP EXPRESSION"
        swapped = base(self.type) in context.retired
        if self.local and (old.full_type != self.full_type or swapped):
            using = through_text(name.last, self.type) if swapped else conversion(name.last, old.type, self.type)
            collation = f" COLLATE {self.collation}" if self.collation else ""
            yield f"{alter} TYPE {self.type}{collation}{f' USING {using}' if using else ''}"
            old = old.replaced(storage=None)
        if old.not_null != self.not_null and not self._null_is_seen_to(name, context):
            yield f"{alter} {'SET' if self.not_null else 'DROP'} NOT NULL"
        yield from foreign_option_changes(
            f"ALTER FOREIGN TABLE {name.parent} ALTER COLUMN {name.last}", old.foreign_options, self.foreign_options
        )
        yield from self._setting_changes(old, name)

    def _null_is_seen_to(self, name: ObjectName, context: Context) -> bool:
        """Whether a constraint with a name, or a parent's column, sees to it whether a column may be null."""
        if name.name in context.found.not_null or name.name in context.wanted.not_null:
            return True
        table = context.wanted.tables.get(name.parent)
        for ancestor in (table and table.parents) or ():
            before, after = (side.find(Column, f"{ancestor}.{name.last}") for side in (context.found, context.wanted))
            if before and after and before.not_null != after.not_null and after.not_null == self.not_null:
                return True
        return False

    def impact(self, old: Self) -> Impact:
        if old.full_type == self.full_type:
            return Impact.NONE
        gentle = old.collation == self.collation and is_gentle(old.type, self.type)
        return Impact.VIEWS if gentle else Impact.EXPRESSIONS


def column_clause(name: ObjectName, context: Context) -> str:
    """A column as CREATE TABLE and ADD COLUMN take it, with what is made together with it."""
    column = context.wanted.get(Column, name)
    not_null = _not_null_clause(name, column, context)
    if is_serial(name.name, context):
        return f"{name.last} {SERIAL[column.type]}{not_null if 'CONSTRAINT' in not_null else ''}"
    text = f"{name.last} {column.type}{foreign_options(column.foreign_options)}"
    text += f" COLLATE {column.collation}" if column.collation else ""
    if column.generated:
        text += f" GENERATED ALWAYS AS ({column.default}) {GENERATED[column.generated]}"
    if (identity := ObjectName(ObjectKind.IDENTITY, name.name)) in context.together:
        text += f" {context.wanted.get(Identity, identity).clause(name.name)}"
        return text + (not_null if "CONSTRAINT" in not_null else "")
    text += not_null
    if (default := ObjectName(ObjectKind.DEFAULT, name.name)) in context.together:
        text += f" DEFAULT {context.wanted.get(Default, default).expression}"
    return text


def _not_null_clause(name: ObjectName, column: Column, context: Context) -> str:
    constraint = context.wanted.not_null.get(name.name)
    if constraint is None:
        return " NOT NULL" if column.not_null else ""
    if constraint not in context.together:
        return ""
    named = "" if constraint.last == default_name(name.name, "not_null") else f" CONSTRAINT {constraint.last}"
    definition = context.wanted.get(Constraint, constraint).definition
    return f"{named} NOT NULL{' NO INHERIT' if definition.endswith(' NO INHERIT') else ''}"


class Default(Setting):
    """The default of a column that is not generated."""

    expression: str

    KIND = ObjectKind.DEFAULT

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        yield ObjectName(ObjectKind.COLUMN, name.name), Tie.GOES_ALONG

    def _alter(self, name: ObjectName, context: Context) -> str:
        """Inheriting tables have defaults of their own, which are set one by one."""
        only = "ONLY " if name.parent in context.found.parents | context.wanted.parents else ""
        return f"ALTER TABLE {only}{name.parent} ALTER COLUMN {name.last}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"{self._alter(name, context)} SET DEFAULT {self.expression}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"{self._alter(name, context)} DROP DEFAULT"


class Identity(Definition):
    """A column's identity: `a` always, `d` by default; with the name and the properties of its sequence."""

    generated: str
    name: str
    sequence: Sequence

    KIND = ObjectKind.IDENTITY

    def needs(self, name: ObjectName, items: Collection[ObjectName]) -> Iterator[tuple[ObjectName, Tie]]:
        yield ObjectName(ObjectKind.COLUMN, name.name), Tie.GOES_ALONG

    def clause(self, column: str) -> str:
        """As ADD takes it; what PostgreSQL would choose by itself is left out."""
        named = [] if self.name == serial_sequence(column) else [f"SEQUENCE NAME {self.name}"]
        inside = " ".join([*named, *self.sequence.properties()])
        return f"GENERATED {ALWAYS[self.generated]} AS IDENTITY{f' ({inside})' if inside else ''}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER TABLE {name.parent} ALTER COLUMN {name.last} ADD {self.clause(name.name)}"
        yield from self.sequence.beyond_rows(self.name, name.name, context)

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        changes = self.sequence.alterations(old.sequence, self.name)
        return changes if isinstance(changes, Instead) else [*self._changes(old, name), *changes]

    def _changes(self, old: Self, name: ObjectName) -> Statements:
        if old.generated != self.generated:
            yield f"ALTER TABLE {name.parent} ALTER COLUMN {name.last} SET GENERATED {ALWAYS[self.generated]}"
        if parent(old.name) != parent(self.name):
            yield f"ALTER SEQUENCE {old.name} SET SCHEMA {parent(self.name)}"
        if last(old.name) != last(self.name):
            yield f"ALTER SEQUENCE {parent(self.name)}.{last(old.name)} RENAME TO {last(self.name)}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        yield f"ALTER TABLE {name.parent} ALTER COLUMN {name.last} DROP IDENTITY"


TEXTS = {"text", "character varying", "character", "name", '"char"', "citext", "public.citext"}
NUMBERS = {"smallint", "integer", "bigint", "numeric", "real", "double precision"}
# Types within a group are assigned to each other without being asked.
GROUPS = (
    NUMBERS,
    {"date", "timestamp without time zone", "timestamp with time zone"},
    {"json", "jsonb"},
    {"inet", "cidr"},
    {"bit", "bit varying"},
    {"time without time zone", "time with time zone"},
)
EXPLICIT = {("integer", "boolean"), ("boolean", "integer"), ("integer", "bit"), ("bigint", "bit")}
MODIFIER = re.compile(r"\([\d,-]+\)")


def _plain(type_name: str) -> tuple[str, bool]:
    """Without modifier; and whether it is an array."""
    name = MODIFIER.sub("", type_name)
    return name.removesuffix("[]"), name.endswith("[]")


def base(type_name: str) -> str:
    """Without modifier and brackets."""
    return _plain(type_name)[0]


def is_gentle(old: str, new: str) -> bool:
    """Whether expressions of the old type hold for the new one as they are written."""
    (a, array), (b, other) = _plain(old), _plain(new)
    return array == other and (a == b or {a, b} <= NUMBERS or {a, b} <= {"text", "character varying"})


def conversion(column: str, old: str, new: str) -> str:
    """The expression for USING; empty where PostgreSQL finds the way by itself."""
    (a, array), (b, other) = _plain(old), _plain(new)
    if array == other:
        if a == b or b in TEXTS or any({a, b} <= group for group in GROUPS):
            return ""
        if a in TEXTS or (a, b) in EXPLICIT:
            return f"{column}::{new}"
    elif not other and b in TEXTS:
        return ""
    return f"{column}::text{'[]' if array and other else ''}::{new}"


def through_text(column: str, new: str) -> str:
    """The expression for USING where the type is swapped for another one of the same name."""
    return f"{column}::text{'[]' if new.endswith('[]') else ''}::{new}"
