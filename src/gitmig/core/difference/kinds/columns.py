"""Columns of tables, their defaults and their identity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.difference.casts import base, conversion, is_gentle, through_text
from gitmig.core.difference.clauses import foreign_option_changes, foreign_options, option_changes
from gitmig.core.difference.inheritance import null_is_seen_to, would_be_local
from gitmig.core.difference.kinds.defaults import identity_clause
from gitmig.core.difference.kinds.sequences import (
    is_serial,
)
from gitmig.core.difference.names import default_name, last, parent
from gitmig.core.difference.rule import Context, Impact, Instead, Rule, Statements, of_kind
from gitmig.core.schema import DEFAULT, ObjectName

if TYPE_CHECKING:
    from gitmig.core.difference.definitions import Column

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
}
