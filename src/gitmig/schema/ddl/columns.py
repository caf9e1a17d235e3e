"""How a column's values get from one type to another.

Defaults and identities of columns.

Columns of tables, their defaults and their identity.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.schema.ddl.inheritance import null_is_seen_to, would_be_local
from gitmig.schema.ddl.rule import (
    Context,
    Impact,
    Instead,
    Rule,
    Statements,
    foreign_option_changes,
    foreign_options,
    of_kind,
    option_changes,
)
from gitmig.schema.ddl.sequences import alterations, identity_properties, is_serial, serial_sequence
from gitmig.schema.model import DEFAULT, ObjectName
from gitmig.schema.names import default_name, last, parent

if TYPE_CHECKING:
    from gitmig.schema.definitions import Column, Identity


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


ALWAYS = {"a": "ALWAYS", "d": "BY DEFAULT"}


def identity_clause(name: str, identity: Identity) -> str:
    """As ADD takes it; what PostgreSQL would choose by itself is left out."""
    named = [] if identity.name == serial_sequence(name) else [f"SEQUENCE NAME {identity.name}"]
    inside = " ".join([*named, *identity_properties(identity.sequence)])
    return f"GENERATED {ALWAYS[identity.kind]} AS IDENTITY{f' ({inside})' if inside else ''}"


def _only(name: str, context: Context) -> str:
    """Inheriting tables have defaults of their own, which are set one by one."""
    return "ONLY " if parent(name) in context.found.parents | context.wanted.parents else ""


def _set_default(name: str, default: str, context: Context) -> Statements:
    yield f"ALTER TABLE {_only(name, context)}{parent(name)} ALTER COLUMN {last(name)} SET DEFAULT {default}"


def _drop_default(name: str, _default: str, context: Context) -> Statements:
    yield f"ALTER TABLE {_only(name, context)}{parent(name)} ALTER COLUMN {last(name)} DROP DEFAULT"


def _add_identity(name: str, identity: Identity, _context: Context) -> Statements:
    yield f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)} ADD {identity_clause(name, identity)}"


def _drop_identity(name: str, _identity: Identity, _context: Context) -> Statements:
    yield f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)} DROP IDENTITY"


def _alter_identity(name: str, old: Identity, new: Identity, _context: Context) -> Statements | Instead:
    changes = alterations(new.name, old.sequence, new.sequence)
    return changes if isinstance(changes, Instead) else [*_identity_changes(name, old, new), *changes]


def _identity_changes(name: str, old: Identity, new: Identity) -> Statements:
    if old.kind != new.kind:
        yield f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)} SET GENERATED {ALWAYS[new.kind]}"
    if parent(old.name) != parent(new.name):
        yield f"ALTER SEQUENCE {old.name} SET SCHEMA {parent(new.name)}"
    if last(old.name) != last(new.name):
        yield f"ALTER SEQUENCE {parent(new.name)}.{last(old.name)} RENAME TO {last(new.name)}"


GENERATED = {"s": "STORED", "v": "VIRTUAL"}
STORAGE = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
COMPRESSION = {"p": "pglz", "l": "lz4", "": "DEFAULT"}
SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
STORED_AS_MAIN = {"numeric", "inet", "cidr"}


def column_clause(name: str, context: Context) -> str:
    """A column as CREATE TABLE and ADD COLUMN take it, with what is made together with it."""
    column: Column = context.wanted.items[ObjectName("column", name)].body
    not_null = _not_null_clause(name, column, context)
    if is_serial(name, context):
        return f"{last(name)} {SERIAL[column.type]}{not_null if 'CONSTRAINT' in not_null else ''}"
    text = f"{last(name)} {column.type}{foreign_options(column.foreign_options)}"
    text += f" COLLATE {column.collation}" if column.collation else ""
    if column.generated:
        text += f" GENERATED ALWAYS AS ({column.default}) {GENERATED[column.generated]}"
    if (identity := ObjectName("identity", name)) in context.together:
        text += f" {identity_clause(name, context.wanted.items[identity].body)}"
        return text + (not_null if "CONSTRAINT" in not_null else "")
    text += not_null
    if (default := ObjectName(DEFAULT, name)) in context.together:
        text += f" DEFAULT {context.wanted.items[default].body}"
    return text


def _not_null_clause(name: str, column: Column, context: Context) -> str:
    constraint = context.wanted.not_null.get(name)
    if constraint is None:
        return " NOT NULL" if column.not_null else ""
    if constraint not in context.together:
        return ""
    named = "" if last(constraint.name) == default_name(name, "not_null") else f" CONSTRAINT {last(constraint.name)}"
    definition = context.wanted.items[constraint].body.definition
    return f"{named} NOT NULL{' NO INHERIT' if definition.endswith(' NO INHERIT') else ''}"


def _create(name: str, column: Column, context: Context) -> Statements:
    if column.local:
        yield f"ALTER TABLE {parent(name)} ADD COLUMN {column_clause(name, context)}"


def _drop(name: str, column: Column, _context: Context) -> Statements:
    if column.local:
        yield f"ALTER TABLE {parent(name)} DROP COLUMN {last(name)}"


def _settings(name: str, new: Column, _context: Context) -> Statements:
    return _setting_changes(name, replace(new, storage=None, compression="", statistics=None, options=None), new)


def _setting_changes(name: str, old: Column, new: Column) -> Statements:
    alter = f"ALTER TABLE {parent(name)} ALTER COLUMN {last(name)}"
    if old.storage != new.storage:
        by_default = "MAIN" if base(new.type) in STORED_AS_MAIN else "EXTENDED"
        yield f"{alter} SET STORAGE {STORAGE[new.storage] if new.storage else by_default}"
    if old.compression != new.compression:
        yield f"{alter} SET COMPRESSION {COMPRESSION[new.compression]}"
    if old.statistics != new.statistics:
        yield f"{alter} SET STATISTICS {-1 if new.statistics is None else new.statistics}"
    yield from option_changes(alter, old.options, new.options)


def _alter(name: str, old: Column, new: Column, context: Context) -> Statements | Instead:
    if would_be_local(ObjectName("column", name), local=old.local, context=context) != new.local:
        return Instead.LEAVE
    if (old.type, old.collation) != (new.type, new.collation) and name in context.found.partition_keys:
        return Instead.LEAVE
    if old.generated != new.generated and (new.generated or old.generated == "v"):
        return Instead.REPLACE
    if new.generated and (old.default, old.type, old.collation) != (new.default, new.type, new.collation):
        return Instead.REPLACE
    return list(_changes(name, old, new, context))


def _changes(name: str, old: Column, new: Column, context: Context) -> Statements:
    table = parent(name)
    alter = f"ALTER TABLE {table} ALTER COLUMN {last(name)}"
    if old.generated and not new.generated:
        yield f"{alter} DROP EXPRESSION"
    swapped = base(new.type) in context.retired
    if new.local and ((old.type, old.collation) != (new.type, new.collation) or swapped):
        using = through_text(last(name), new.type) if swapped else conversion(last(name), old.type, new.type)
        collation = f" COLLATE {new.collation}" if new.collation else ""
        yield f"{alter} TYPE {new.type}{collation}{f' USING {using}' if using else ''}"
        old = replace(old, storage=None)
    if old.not_null != new.not_null and not null_is_seen_to(name, new, context):
        yield f"{alter} {'SET' if new.not_null else 'DROP'} NOT NULL"
    yield from foreign_option_changes(
        f"ALTER FOREIGN TABLE {table} ALTER COLUMN {last(name)}", old.foreign_options, new.foreign_options
    )
    yield from _setting_changes(name, old, new)


def _impact(old: Column, new: Column) -> Impact:
    if (old.type, old.collation) == (new.type, new.collation):
        return Impact.NONE
    gentle = old.collation == new.collation and is_gentle(old.type, new.type)
    return Impact.VIEWS if gentle else Impact.EXPRESSIONS


RULES = {
    "column": Rule(
        create=_create, drop=_drop, alter=_alter, settings=_settings, impact=_impact, subject=of_kind("COLUMN")
    ),
    "default": Rule(
        create=_set_default,
        drop=_drop_default,
        alter=lambda name, _, new, context: list(_set_default(name, new, context)),
    ),
    "identity": Rule(create=_add_identity, drop=_drop_identity, alter=_alter_identity),
}
